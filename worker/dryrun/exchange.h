/* The exchanges of a dry run with an API: said one by one, and kept as a dialogue that `pumplinectl
 * recipe test` replays (erp-drivers/http/replay.h). No password is in either; of a login neither
 * bodies are said, nor is any text of its reply kept. */
#ifndef WORKER_DRYRUN_EXCHANGE_H
#define WORKER_DRYRUN_EXCHANGE_H

#include "worker/dryrun/trace.h"

/* {"request", "reply"}, without secrets. erp_url: of the ERP; paths are relative to it. The caller
 * owns it. */
json_t *exchange_json(const char *erp_url, const struct erp_job *job,
                      const struct erp_reply *reply);

/* What the job's request has come to. */
void exchange_add(struct trace *t, const struct erp_job *job, const struct erp_reply *reply);

/* The dialogue's file into the run's folder. outcome NULL: it stopped before the
 * job's request, which was not sent, or was interrupted. */
void exchange_save(struct trace *t, const struct erp_job *job, const struct erp_outcome *outcome,
                   enum erp_verdict verdict);

#endif
