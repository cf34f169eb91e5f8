/* A workshop's document on its way into workshops.d: what a client cannot send back is taken from
 * the stored one, and no secret stays plain. Needs neither a file nor a process. */
#ifndef SUPERVISOR_DAEMON_DOCUMENT_H
#define SUPERVISOR_DAEMON_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/config/config.h"
#include "common/config/sealed.h"

/* The slug for a workshop's name: its ASCII letters (lower case) and digits, with one '-' for
 * anything between them. Empty if it has none. */
void document_slug(const char *name, char slug[CONFIG_SLUG_MAX + 1]);

/* A new document: what a client sent, completed with what replies omit:
 *
 * - without `active` or `api_tokens`: the stored ones;
 * - credentials of the stored username without a password, or with the {"sealed": true} that is
 *   shown instead: the stored password; a callback without its secret: the stored secret;
 * - a token without a hash: that of the stored token of its name. Unnamed ones must be as many of
 *   their scope as are stored, or it would be ambiguous which of them is meant.
 *
 * Both are borrowed; stored may be NULL. */
json_t *document_complete(const json_t *sent, const json_t *stored);

/* Seals each secret with the workshop's key bound to what the document names, if it is plain,
 * sealed with the old key (NULL: there is none) or unbound (common/config/sealed.h: only documents
 * of root reach this unchecked); the stored sealed text is kept if it contains the same secret,
 * so that nothing changes. stored may be NULL. */
void document_seal(json_t *document, const json_t *stored, const unsigned char *key,
                   const unsigned char *old_key);

/* Whether this secret is not there or not sealed, or this key, or the old one (or NULL), opens it
 * bound to what the document names. */
bool document_opens(const json_t *document, const struct sealed_secret *secret,
                    const unsigned char *key, const unsigned char *old_key);

/* Whether it was sealed by an earlier version. */
bool document_is_unbound(const json_t *document, const struct sealed_secret *secret);

/* As written to a file: indented by two spaces, members in their order. The caller frees it. */
char *document_text(const json_t *document);

#endif
