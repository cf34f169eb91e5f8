/* GET /metrics: figures for graphs and alerts, as OpenMetrics 1.0 text. No child is asked for it.
 * conf/README.md lists the families. */
#ifndef SUPERVISOR_CONTROL_METRICS_H
#define SUPERVISOR_CONTROL_METRICS_H

#include <stdio.h>

#include "supervisor/daemon/daemon.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The whole text; the caller frees it. */
char *metrics_text(const struct daemon *daemon);

/* Writes a label's value, quoted. */
void metrics_label(FILE *out, const char *value);

#endif
