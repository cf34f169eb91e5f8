"""The scripted Tryton of the storm, which keeps the reply to one order back."""

import json
import sys
from pathlib import Path

from pumpline import SECRET, free_port
from web_server import Hold, Server

sys.path.insert(0, str(Path(__file__).parents[1] / "storm"))

from scripted_erp import Database, Number  # noqa: E402

CREDENTIALS = {"username": "bot", "password": SECRET}
COMMIT = "model.sale.sale.write"


class HeldErp(Server):
    """Sale 558, product 10. The line of the order `held` is there when hold.wait() returns; its reply waits for hold.release()."""

    def __init__(self, folder, held):
        folder.mkdir()
        (folder / "erp.json").write_text(json.dumps({"users": {CREDENTIALS["username"]: CREDENTIALS["password"]}, "sales": {"558": "draft"},
                                                     "products": {"10": {"salable": True, "digits": 2}}}))
        super().__init__(free_port())
        self.database, self.held, self.hold = Database(folder), held, Hold()

    def answer(self, request):
        call = json.loads(request.body, parse_float=Number, parse_int=Number)
        reply = self.database.call(call["method"], call["params"], request.headers.get("authorization", ""))
        if call["method"] == COMMIT and f'"{self.held}"' in request.body.decode():
            self.hold.stay()
        return reply

    def configuration(self):
        return {"erp": {"system": "tryton", "url": f"{self.url}/erp/"}, "credentials": CREDENTIALS}

    def lines(self):
        """The orders' ids."""
        return sorted(line["note"] for line in self.database.lines.values())
