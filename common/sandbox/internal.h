/* Shared by sandbox.c and its mechanisms. */
#ifndef COMMON_SANDBOX_INTERNAL_H
#define COMMON_SANDBOX_INTERNAL_H

#include "common/sandbox/sandbox.h"

/* AddressSanitizer maps terabytes, and needs some more system calls. */
#ifdef __SANITIZE_ADDRESS__
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#define SANDBOX_SANITIZED __has_feature(address_sanitizer)
#else
#define SANDBOX_SANITIZED 0
#endif

/* The result of a mechanism. */
enum sandbox_result {
    SANDBOX_HOLDS,
    SANDBOX_LACKS, /* not supported, and a restart does not help: *err says why */
    SANDBOX_BROKEN /* temporary: no memory, no descriptor */
};

struct sandbox_landlock {
    int abi;
    bool ports, scopes;
};

/* --- privileges.c --- */

/* Becomes setup's user, and ends with the supervisor; in every mode. */
int privileges_become(const struct sandbox_setup *setup, struct err *err);

int privileges_no_new(struct err *err);
enum sandbox_result privileges_capabilities(struct err *err);

/* Limits descriptors, memory, and, with a user of its own, processes. */
void privileges_limits(const struct sandbox_setup *setup);

/* --- landlock.c --- */

enum sandbox_result landlock_enter(const struct sandbox_setup *setup,
                                   struct sandbox_landlock *holds, struct err *err);

/* --- seccomp.c --- */

enum sandbox_result seccomp_enter(const struct sandbox_setup *setup, struct err *err);
enum sandbox_result seccomp_alone(struct err *err);
enum sandbox_result seccomp_no_code(struct err *err);

/* --- cause.c --- */

/* EMFILE and the like are temporary; the rest is permanent. */
enum sandbox_result sandbox_result_of(int number);

/* What an errno of a mechanism's system call means, for the administrator. */
const char *sandbox_cause(int number);

#endif
