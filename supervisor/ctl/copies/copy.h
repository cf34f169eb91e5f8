/* Copies of files, each with a hash of what was copied. */
#ifndef SUPERVISOR_CTL_COPIES_COPY_H
#define SUPERVISOR_CTL_COPIES_COPY_H

#define COPY_HASH_BYTES 65 /* BLAKE2b-256 in hexadecimal and a NUL */

/* Copies what can be read from the descriptor to a new file (0600) and syncs it. -1 after reporting
 * why: there is no such file then. */
int copy_bytes(int from, const char *target, char hash[COPY_HASH_BYTES]);

/* The same with a path, which must be a regular file. */
int copy_file(const char *from, const char *target, char hash[COPY_HASH_BYTES]);

/* Of a file's content; -1 after reporting why. */
int copy_hash(const char *path, char hash[COPY_HASH_BYTES]);

/* Removes a folder of this program and all that is in it, following no link; a missing one is fine.
 * -1 with errno. */
int copy_remove_folder(const char *path);

#endif
