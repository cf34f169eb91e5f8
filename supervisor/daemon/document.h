/* A workshop's document on its way into workshops.d: what of it can't be sent back is taken from
 * the stored one, and no password stays plain. Needs neither a file nor a process. */
#ifndef SUPERVISOR_DAEMON_DOCUMENT_H
#define SUPERVISOR_DAEMON_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/config/config.h"

/* The slug that a workshop's name makes: its ASCII letters (small) and digits, one '-' for whatever
 * is between them. Empty where it has none. */
void document_slug(const char *name, char slug[CONFIG_SLUG_MAX + 1]);

/* A new document: what a client sent, completed with what no reply shows.
 *  - without `active` or `api_tokens`: those that are stored;
 *  - credentials of the stored username without a password, or with the {"sealed": true} that is
 *    shown in its place: the stored password;
 *  - a token without a hash: that of the stored one of its name. One without a name has to be one
 *    of as many of its scope as are stored, or nobody could tell which of them is meant.
 * Both are borrowed; stored may be NULL. */
json_t *document_complete(const json_t *sent, const json_t *stored);

/* Seals the password with the workshop's key for the place that the document names, if it is plain,
 * sealed with the old key (NULL: there is none) or unbound (common/config/sealed.h: only documents
 * of root come here unchecked); the stored sealed one is taken where it holds the same, so that
 * nothing has changed. stored may be NULL. */
void document_seal(json_t *document, const json_t *stored, const unsigned char *key,
                   const unsigned char *old_key);

/* Whether there is no sealed password, or one for the place that the document names and that this
 * key opens, or the old one (or NULL). */
bool document_opens(const json_t *document, const unsigned char *key, const unsigned char *old_key);

/* Whether the password is one that an earlier version has sealed. */
bool document_is_unbound(const json_t *document);

/* As it stands in a file: two spaces an indent, members in their order. The caller frees it. */
char *document_text(const json_t *document);

#endif
