"""proxy.py PORT FOLDER BEHIND: the faults of front.py in front of a real server on port BEHIND."""

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "erp"))

import front  # noqa: E402


def forward(port):
    def carry_out(request):
        lines = [f"POST {request.path} HTTP/1.0", *(f"{name}: {value}" for name, value in request.headers.items())]
        data = b""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as server:
            server.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + request.body)
            while (more := server.recv(65536)):
                data += more
        head, _, body = data.partition(b"\r\n\r\n")
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:"))
        return head + b"\r\n\r\n" + body
    return carry_out


def main():
    port, folder, behind = sys.argv[1:]
    front.Front(int(port), lambda _: folder, forward(int(behind)), lambda _: None).run()


if __name__ == "__main__":
    main()
