/* Not an HTML parser: just enough for the short pages that servers send with an error status. */
#include "erp-drivers/plain_text.h"

#include <string.h>
#include <strings.h>

#include "common/base/err.h"

/* Where the tag that starts here ends, including the contents of a title, style or script. */
static const char *
after_tag(const char *tag)
{
    static const char *const silent[] = {"title", "style", "script"};
    const char *end = strchr(tag, '>');

    for (size_t i = 0; end && i < sizeof silent / sizeof *silent; i++)
        if (strncasecmp(tag + 1, silent[i], strlen(silent[i])) == 0) {
            const char *close = strstr(end, "</");

            end = close ? strchr(close, '>') : NULL;
        }
    return end ? end + 1 : tag + strlen(tag);
}

static void
join_space(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++)
        if (*from != ' ' || (to > text && to[-1] != ' '))
            *to++ = *from;
    if (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

void
plain_text(char *page, size_t bytes)
{
    char *to = page;

    for (const char *from = page; *from;) {
        if (*from == '<') {
            from = after_tag(from);
            *to++ = ' ';
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    text_clean(page);
    join_space(page);
    if (strlen(page) > bytes)
        text_copy(page, bytes + 1, page);
}
