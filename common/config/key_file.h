/* The master key: where it comes from, and how it is replaced.
 *
 * It is $CREDENTIALS_DIRECTORY/master.key (systemd's LoadCredential) if that exists, otherwise the
 * configured file PATH. Either is 32 bytes that no other user can read.
 *
 * A new key starts as PATH.next: from then until it replaces PATH both keys are in use, across any
 * number of restarts. Every sealed value opens with one of them, and new values are sealed with the
 * new one. PATH.replaced then contains the fingerprint of the old key, so that a file or credential
 * that brings it back is recognised. */
#ifndef COMMON_CONFIG_KEY_FILE_H
#define COMMON_CONFIG_KEY_FILE_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/secret.h"

struct master_keys {
    unsigned char *key; /* SECRET_KEY_BYTES in secret memory: new values are sealed with it */
    unsigned char *old; /* the key that it replaces; NULL: no rekey is under way */
    bool from_credential;
};

/* create: creates PATH if neither it nor a credential exists. -1 with *err, code "key_file". Logs
 * if PATH is used instead of a credential that PATH.next has replaced. */
int key_file_load(const char *path, bool create, struct master_keys *keys, struct err *err);

/* Creates PATH (0600, random, durable). 1: created, 0: it exists and is a key, -1. */
int key_file_create(const char *path, struct err *err);

/* Creates PATH.next and adds it to *keys, which have no old key. -1: "key_is_a_credential" if PATH
 * is not where the credential came from, or "key_file". */
int key_file_begin(const char *path, struct master_keys *keys, struct err *err);

/* To be called once nothing is sealed with the old key: the new one replaces it, on disk and then
 * in *keys. -1: both are still in use, and the call can be repeated. */
int key_file_finish(const char *path, struct master_keys *keys, struct err *err);

/* A keyed hash: it tells one key from another and reveals neither. */
void key_file_fingerprint(const unsigned char *key, char text[SECRET_HASH_TEXT_BYTES]);

void master_keys_clear(struct master_keys *keys);

#endif
