#include "common/json/author.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/text_value.h"

/* Each begins with another letter: author_pack keeps only that. */
static const char *const vias[] = {AUTHOR_TOKEN, AUTHOR_SOCKET, AUTHOR_CONSOLE};

void
author_set(struct author *author, const char *who, const char *via)
{
    text_copy(author->who, sizeof author->who, who);
    text_copy(author->via, sizeof author->via, via);
}

int
author_read(const json_t *object, struct author *author)
{
    const char *who = json_string_value(json_object_get(object, "who"));
    const char *via = json_string_value(json_object_get(object, "via"));

    if (!who || !via || text_has_control(who, strlen(who)))
        return -1;
    for (size_t i = 0; i < sizeof vias / sizeof *vias; i++)
        if (strcmp(via, vias[i]) == 0) {
            author_set(author, who, via);
            return 0;
        }
    return -1;
}

json_t *
author_json(const struct author *author)
{
    return author && *author->via ? json_pack("{s:s s:s}", "who", author->who, "via", author->via)
                                  : json_null();
}

/* Nearly every order of a port without tokens is of the same one: it takes a byte. */
void
author_pack(const struct author *author, char text[AUTHOR_TEXT_BYTES])
{
    bool named = *author->via && strcmp(author->who, AUTHOR_ANONYMOUS) != 0;

    text[0] = author->via[0];
    text_copy(text + 1, AUTHOR_TEXT_BYTES - 1, named ? author->who : "");
}

void
author_unpack(const char *text, struct author *author)
{
    *author = (struct author){.who = ""};
    for (size_t i = 0; i < sizeof vias / sizeof *vias; i++)
        if (*text == *vias[i])
            author_set(author, text[1] ? text + 1 : AUTHOR_ANONYMOUS, vias[i]);
}
