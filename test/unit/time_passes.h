/* Time that a test lets pass without waiting for it. */
#ifndef TEST_UNIT_TIME_PASSES_H
#define TEST_UNIT_TIME_PASSES_H

#include <stdint.h>

/* The monotonic clock goes forward: for this program, libevent's timers and libcurl. Not inside the
 * event loop, which has read it already. */
void time_passes(int64_t ms);

#endif
