/* Notes in the queue: one of the job, and one of each finding. */
#include "worker/reconcile/findings.h"

#include <stdio.h>

#define NAME "reconcile"
#define NAME_BYTES 32

static const char *
finding_name(char name[NAME_BYTES], unsigned number)
{
    snprintf(name, NAME_BYTES, NAME "/%08u", number);
    return name;
}

static unsigned
count_of(const json_t *job)
{
    return (unsigned)json_integer_value(json_object_get(job, "found"));
}

json_t *
findings_job(struct queue *queue)
{
    return queue_kept(queue, NAME);
}

/* The finding first: the job counts it only once it is on disk. */
int
findings_put(struct queue *queue, const json_t *job, const json_t *finding, struct err *err)
{
    char name[NAME_BYTES];

    if (finding && queue_keep(queue, finding_name(name, count_of(job) - 1), finding, err))
        return -1;
    return queue_keep(queue, NAME, job, err);
}

json_t *
findings_read(struct queue *queue, const json_t *job, unsigned from, unsigned limit)
{
    unsigned end = count_of(job);
    json_t *findings = json_array();
    char name[NAME_BYTES];

    for (unsigned i = from; i < end && i - from < limit; i++) {
        json_t *finding = queue_kept(queue, finding_name(name, i));

        if (finding)
            json_array_append_new(findings, finding);
    }
    return findings;
}
