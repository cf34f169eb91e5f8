/* Lists over all workshops, for an account that may see only some. */
#include <stdlib.h>
#include <string.h>

#include "common/json/text.h"
#include "supervisor/console/api/internal.h"

static bool
may_see(const struct request *request, const json_t *account, enum role role, const json_t *item)
{
    const char *workshop = json_string_value(item) ?:
                           json_string_value(json_object_get(item, "slug")) ?:
                           json_string_value(json_object_get(item, "workshop"));
    struct link *link = NULL;
    const char *slug = NULL;

    return workshop && daemons_owner(request->web->daemons, workshop, &link, &slug) == OWNER_ONE &&
           account_role(account, slug) >= role;
}

/* Each array of the reply is a list of something of workshops, or of workshops. */
char *
filter_reply(const struct request *request, const char *name, enum role role, const char *body,
             size_t length)
{
    const json_t *account = accounts_find(people_accounts(request->web->people), name);
    struct err err;
    json_t *reply = json_text_read(body, length, 0, &err), *list;
    const char *member;
    char *text = NULL;

    json_object_del(reply, "summary");
    json_object_foreach(reply, member, list)
    {
        for (size_t i = json_array_size(list); i-- > 0;)
            if (!may_see(request, account, role, json_array_get(list, i)))
                json_array_remove(list, i);
    }
    if (json_is_object(reply))
        text = json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    return text;
}
