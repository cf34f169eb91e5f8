/* The two texts that metrics have: OpenMetrics and the older one of Prometheus. */
#include <string.h>

#include "common/http/accept.h"
#include "supervisor/monitoring/metrics.h"

const struct metrics_format *
metrics_format(const char *accept)
{
    static const struct metrics_format open = {METRICS_TYPE, true},
                                       text = {METRICS_TEXT_TYPE, false};

    if (!accept || accept_quality(accept, "text/plain") <=
                       accept_quality(accept, "application/openmetrics-text"))
        return &open;
    return &text;
}

void
metrics_label(FILE *out, const char *value)
{
    fputc('"', out);
    for (;;) {
        size_t plain = strcspn(value, "\\\"\n");

        fwrite(value, 1, plain, out);
        value += plain;
        if (!*value)
            break;
        fputc('\\', out);
        fputc(*value == '\n' ? 'n' : *value, out);
        value++;
    }
    fputc('"', out);
}

/* What a type of OpenMetrics is called in the older text, and what its name ends with there. */
static const struct {
    const char *type, *text_type, *suffix;
} types[] = {
    {"info", "gauge", "_info"}, {"stateset", "gauge", ""}, {"counter", "counter", "_total"}};

void
metrics_head(FILE *out, const struct metrics_format *format, const char *name, const char *type,
             const char *unit, const char *help)
{
    const char *suffix = "";

    for (size_t i = 0; !format->open && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0) {
            suffix = types[i].suffix;
            type = types[i].text_type;
            break;
        }
    fprintf(out, "# TYPE %s%s %s\n", name, suffix, type);
    if (unit && format->open)
        fprintf(out, "# UNIT %s %s\n", name, unit);
    fprintf(out, "# HELP %s%s %s\n", name, suffix, help);
}
