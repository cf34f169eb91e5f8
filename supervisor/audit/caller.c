#include "supervisor/audit/caller.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/text_value.h"

/* NULL: nothing is wrong. */
static const char *
wrong_name(const char *name)
{
    json_t *text = json_string(name);
    const char *wrong = text_value_wrong(name, strlen(name));

    if (!text)
        wrong = "is not UTF-8";
    else if (text_is_blank(name))
        wrong = "is empty";
    else if (strlen(name) > AUTHOR_WHO_MAX)
        wrong = "is longer than 128 bytes";
    json_decref(text);
    return wrong;
}

bool
caller_take(struct call *call, struct peer_names *names)
{
    const char *person = call->acts_for, *wrong = person ? wrong_name(person) : NULL;

    if (wrong) {
        call_problem(call, 400, "invalid_header", json_pack("[s]", "Pumpline-By"),
                     "the name in Pumpline-By %s", wrong);
        return false;
    }
    author_set(&call->by, person ?: peer_names_find(names, (uid_t)call->uid),
               person ? AUTHOR_CONSOLE : AUTHOR_SOCKET);
    text_nfc_in_place(call->by.who, sizeof call->by.who);
    return true;
}
