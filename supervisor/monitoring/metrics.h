/* GET /metrics: figures for graphs and alerts, as OpenMetrics 1.0 or as Prometheus' text 0.0.4.
 * No child is asked for it.
 * conf/README.md lists the families. */
#ifndef SUPERVISOR_MONITORING_METRICS_H
#define SUPERVISOR_MONITORING_METRICS_H

#include <stdio.h>

#include "supervisor/daemon/daemon.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_format {
    const char *type; /* of the content */
    bool open;        /* OpenMetrics */
};

/* What a client wants by its Accept (NULL: none): OpenMetrics, unless it prefers text/plain. */
const struct metrics_format *metrics_format(const char *accept);

/* The whole text; the caller frees it. */
char *metrics_text(const struct daemon *daemon, const struct metrics_format *format);

/* Writes what stands before the samples of a family. unit: NULL if it has none. */
void metrics_head(FILE *out, const struct metrics_format *format, const char *name,
                  const char *type, const char *unit, const char *help);

/* Writes a label's value, quoted. */
void metrics_label(FILE *out, const char *value);

#endif
