/* The master key: where it comes from, and how another one takes its place.
 *
 * It is $CREDENTIALS_DIRECTORY/master.key (systemd's LoadCredential) where that is there, otherwise
 * the configured file PATH. Either is 32 bytes that no one else can read.
 *
 * A new key begins as PATH.next: from the moment it is there until it takes PATH's place both keys
 * are in play, over any number of restarts. Every sealed value opens with one of them, and what is
 * sealed is sealed with the new one. PATH.replaced then holds the fingerprint of the one that is
 * gone, so that a file or credential that brings it back is recognised. */
#ifndef COMMON_CONFIG_KEY_FILE_H
#define COMMON_CONFIG_KEY_FILE_H

#include <stdbool.h>

#include "common/base/err.h"

struct master_keys {
    unsigned char
        *key; /* SECRET_KEY_BYTES in secret memory: what is sealed now is sealed with it */
    unsigned char *old; /* the one that it replaces; NULL: no rekey is under way */
    bool from_credential;
};

/* create: makes PATH where there is neither it nor a credential. -1 with *err, code "key_file".
 * Logs where PATH is taken instead of a credential that PATH.next has replaced. */
int key_file_load(const char *path, bool create, struct master_keys *keys, struct err *err);

/* Makes PATH (0600, random, on disk). 1: made, 0: it is there and is a key, -1. */
int key_file_create(const char *path, struct err *err);

/* Makes PATH.next and takes it into *keys, which hold no old one. -1: "key_is_a_credential" where
 * PATH is not what the credential came from, "key_file". */
int key_file_begin(const char *path, struct master_keys *keys, struct err *err);

/* Nothing is sealed with the old key any more: the new one takes its place, on disk and then in
 * *keys. -1: both are still in play, and it can be tried again. */
int key_file_finish(const char *path, struct master_keys *keys, struct err *err);

void master_keys_clear(struct master_keys *keys);

#endif
