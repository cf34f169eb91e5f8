/* Fault points: named steps at which a test makes the process die or a call fail.
 *
 * Only a build with PUMPLINE_FAULTS knows them; in any other one each is the constant 0, and
 * neither code nor a name stays behind. Which point does what, and when, is in a plan that the test
 * writes: FOLDER/NAME.faults, with a line for each fault:
 *
 *   POINT AFTER ACTION    AFTER: how many passes go well first, of fixed width ("007"), or "always"
 *   clock MS              what the wall clock is off by
 *
 * ACTION is "kill" (SIGKILL), the name of an errno, or "on" for what is planted on purpose. The
 * plan is mapped, and passes are counted in it: a fault happens once, over any number of restarts
 * ("#" takes the place of its first letter). A point is passed by one thread at a time. Names of
 * all points: test/storm/points.txt. */
#ifndef COMMON_BASE_FAILPOINT_H
#define COMMON_BASE_FAILPOINT_H

#ifdef PUMPLINE_FAULTS

#include <stdint.h>

/* Without a plan, no fault occurs. */
void failpoint_open(const char *folder, const char *name);

/* 0: go on. Otherwise sets errno, and the caller must fail the step. */
int failpoint(const char *name);

/* A step that cannot fail, but at which the process can be killed. */
void failpoint_here(const char *name);

/* Milliseconds to add to the wall clock. */
int64_t failpoint_clock_ms(void);

#else

#define failpoint_open(folder, name) ((void)0)
#define failpoint(name) 0
#define failpoint_here(name) ((void)0)
#define failpoint_clock_ms() 0

#endif
#endif
