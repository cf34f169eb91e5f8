#include "supervisor/console/people/backoff.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"

/* A key shares its slot with others by chance: the slots stay few whatever names are tried. */
#define SLOTS 4096u
#define FORGET_MS (60LL * 60 * 1000)

struct slot {
    unsigned failures;
    int64_t last_ms;
};

struct backoff {
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct slot users[SLOTS], addresses[SLOTS];
};

static unsigned
slot_of(const struct backoff *backoff, const char *text)
{
    unsigned char hash[crypto_shorthash_BYTES];
    unsigned index;

    crypto_shorthash(hash, (const unsigned char *)text, strlen(text), backoff->key);
    memcpy(&index, hash, sizeof index);
    return index % SLOTS;
}

static int64_t
wait_ms(const struct slot *slot, int64_t most_ms, int64_t now_ms)
{
    unsigned over = slot->failures > BACKOFF_FREE ? slot->failures - BACKOFF_FREE : 0;
    int64_t pause_ms = over ? (int64_t)BACKOFF_FIRST_MS << (over > 20 ? 20 : over - 1) : 0;
    int64_t until_ms = slot->last_ms + (pause_ms < most_ms ? pause_ms : most_ms);

    return until_ms > now_ms ? until_ms - now_ms : 0;
}

int64_t
backoff_wait_ms(const struct backoff *backoff, const char *user, const char *address,
                int64_t now_ms)
{
    int64_t one = wait_ms(&backoff->users[slot_of(backoff, user)], BACKOFF_USER_MAX_MS, now_ms);
    int64_t other =
        wait_ms(&backoff->addresses[slot_of(backoff, address)], BACKOFF_ADDRESS_MAX_MS, now_ms);

    return one > other ? one : other;
}

static void
fail(struct slot *slot, int64_t now_ms)
{
    if (now_ms - slot->last_ms > FORGET_MS)
        slot->failures = 0;
    slot->failures++;
    slot->last_ms = now_ms;
}

void
backoff_failed(struct backoff *backoff, const char *user, const char *address, int64_t now_ms)
{
    fail(&backoff->users[slot_of(backoff, user)], now_ms);
    fail(&backoff->addresses[slot_of(backoff, address)], now_ms);
}

void
backoff_succeeded(struct backoff *backoff, const char *user)
{
    backoff->users[slot_of(backoff, user)].failures = 0;
}

struct backoff *
backoff_new(void)
{
    struct backoff *backoff = mem_alloc(sizeof *backoff);

    crypto_shorthash_keygen(backoff->key);
    return backoff;
}

void
backoff_free(struct backoff *backoff)
{
    free(backoff);
}
