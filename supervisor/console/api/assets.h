/* The front end's files, read once at the start. Their names contain a hash of them all, so that
 * browsers keep them for ever, and none of an earlier release. */
#ifndef SUPERVISOR_CONSOLE_API_ASSETS_H
#define SUPERVISOR_CONSOLE_API_ASSETS_H

#include "common/base/err.h"
#include "common/http/call.h"

#define ASSETS_MAX 64

struct assets;

/* All files of the folder; NAME.gz beside NAME is sent to browsers that accept it. In index.html,
 * "{build}" becomes the hash. Without the folder there is only a page that says so. NULL with
 * *err. */
struct assets *assets_load(const char *folder, struct err *err);
void assets_free(struct assets *assets);

/* GET / and /a/BUILD/NAME. */
void assets_send(const struct assets *assets, struct call *call);

#endif
