/* The order of the steps, and the resulting protection. */
#include "common/sandbox/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/sandbox/internal.h"

/* One line that summarises all of it. */
struct summary {
    char holds[256], lacks[640];
};

static bool filtered; /* seccomp_enter has set a filter */
static bool loads;    /* libcurl is needed later: mapping code is refused only then */

#if SANDBOX_SANITIZED
static bool boxed;

/* The leak check attaches to the process like a debugger. If refused, it would end each process
 * with an error. */
int __lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
    return boxed;
}
#endif

static void __attribute__((format(printf, 3, 4)))
append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

bool
sandbox_port(struct sandbox_setup *setup, uint16_t port)
{
    for (size_t i = 0; i < setup->port_count; i++)
        if (setup->ports[i] == port)
            return true;
    if (setup->port_count == SANDBOX_PORTS_MAX)
        return false;
    setup->ports[setup->port_count++] = port;
    return true;
}

#define HOLDS(summary, ...) append((summary)->holds, sizeof(summary)->holds, __VA_ARGS__)
#define LACKS(summary, ...) append((summary)->lacks, sizeof(summary)->lacks, __VA_ARGS__)

int
sandbox_hide(struct err *err)
{
    static const struct rlimit none = {0, 0};

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
        return err_errno(err, "sandbox", "cannot disable core dumps");
    return 0;
}

/* 0 to continue: it is in force, or the mode tolerates it. */
static int
settle(enum sandbox_result result, const struct sandbox_setup *setup, struct summary *summary,
       struct err *err)
{
    if (result == SANDBOX_HOLDS)
        return 0;
    if (result == SANDBOX_BROKEN) {
        text_copy(err->code, sizeof err->code, "no_resources");
        return -1;
    }
    if (strcmp(setup->mode, "required") == 0) {
        char why[sizeof err->text];

        text_copy(why, sizeof why, err->text);
        return err_set(err, "sandbox", "cannot fulfil \"sandbox\": \"required\": %.400s", why);
    }
    LACKS(summary, "%s%.300s", *summary->lacks ? "; " : "", err->text);
    return 0;
}

static void
describe_landlock(const struct sandbox_landlock *landlock, const struct sandbox_setup *setup,
                  struct summary *summary)
{
    HOLDS(summary, ", Landlock ABI %d: files", landlock->abi);
    if (landlock->ports) {
        HOLDS(summary, ", TCP connect");
        for (size_t i = 0; i < setup->port_count; i++)
            HOLDS(summary, " %u", setup->ports[i]);
        if (setup->names)
            HOLDS(summary, " 53");
    }
    if (landlock->scopes)
        HOLDS(summary, ", scopes");
}

/* The differences of the modes. */
static int
enter_mechanisms(const struct sandbox_setup *setup, struct summary *summary, struct err *err)
{
    struct sandbox_landlock landlock = {0};
    enum sandbox_result result;

    privileges_limits(setup);
    result = landlock_enter(setup, &landlock, err);
    if (settle(result, setup, summary, err))
        return -1;
    if (result == SANDBOX_HOLDS)
        describe_landlock(&landlock, setup, summary);
    if (landlock.abi && !landlock.ports)
        LACKS(summary, "%sthis Landlock has no TCP port rules", *summary->lacks ? "; " : "");
    if (landlock.abi && !landlock.scopes)
        LACKS(summary, "%sthis Landlock has no scopes", *summary->lacks ? "; " : "");
    result = seccomp_enter(setup, err);
    if (settle(result, setup, summary, err))
        return -1;
    filtered = result == SANDBOX_HOLDS;
    if (filtered)
        HOLDS(summary, ", seccomp");
    return 0;
}

/* What a compromised process can still do although everything is in force. */
static const char *
remains(const struct sandbox_setup *setup)
{
    static const char *const texts[2][2] = {
        {"the contents of its folders, and replies to clients", ""},
        {"its ports at any address, and mapping files as code until libcurl is loaded",
         "its ports at any address, UDP to any port (for name resolution), and mapping files as "
         "code until libcurl is loaded"}};

    return texts[setup->port_count > 0][setup->port_count > 0 && setup->names];
}

int
sandbox_enter(const struct sandbox_setup *setup, struct err *err)
{
    bool off = strcmp(setup->mode, "off") == 0;
    struct summary summary = {"", ""};
    enum sandbox_result result;

#if SANDBOX_SANITIZED
    boxed = true;
#endif
    if (privileges_become(setup, err))
        return -1;
    HOLDS(&summary, "uid %ld", (long)getuid());
    result = privileges_capabilities(err);
    if (settle(result, setup, &summary, err))
        return -1;
    if (result == SANDBOX_HOLDS)
        HOLDS(&summary, ", no capabilities");
    if (privileges_no_new(err) || sandbox_hide(err))
        return -1;
    HOLDS(&summary, ", no_new_privs, no core");
    if (!off && enter_mechanisms(setup, &summary, err))
        return -1;
    loads = setup->port_count > 0;
    log_write(*summary.lacks ? LOG_WARNING : LOG_INFO, LOG_NO_FILE, NULL, "sandbox %s: %s%s%s%s%s",
              setup->mode, summary.holds, *summary.lacks ? "; missing: " : "", summary.lacks,
              off ? "" : "; still possible: ", off ? "" : remains(setup));
    return 0;
}

static int
restrict_more(enum sandbox_result (*mechanism)(struct err *err), struct err *err)
{
    enum sandbox_result result = filtered ? mechanism(err) : SANDBOX_HOLDS;

    if (result == SANDBOX_BROKEN)
        text_copy(err->code, sizeof err->code, "no_resources");
    return result == SANDBOX_HOLDS ? 0 : -1;
}

int
sandbox_alone(struct err *err)
{
    return restrict_more(seccomp_alone, err) || (!loads && restrict_more(seccomp_no_code, err)) ? -1
                                                                                                : 0;
}

int
sandbox_loaded(struct err *err)
{
    return restrict_more(seccomp_no_code, err);
}
