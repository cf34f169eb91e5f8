/* The session of a recipe: what attempts with the same credentials share. The functions with a void
 * * are the contract's (erp-drivers/driver.h). */
#ifndef ERP_DRIVERS_HTTP_SESSION_H
#define ERP_DRIVERS_HTTP_SESSION_H

#include "erp-drivers/http/attempt.h"

void *http_session_new(const json_t *erp);
void http_session_free(void *handle);

/* Forgets a login, but not what is stored. */
void http_session_clear_kept(struct session *session);

/* Whether there is a login that a recipe can end. */
bool http_session_may_log_out(const struct session *session);
const char *http_session_note(void *handle);
void http_session_adopt(void *handle, const char *note);
unsigned http_session_idle_s(void *handle);

const char *http_session_memory(void *handle);
void http_session_remember(void *handle, const char *memory);

#endif
