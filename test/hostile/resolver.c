/* A resolver that is compromised or trusts a hostile name server: it replaces pumpline-worker, and
 * runs the real worker for everything else (test/e2e/test_hostile_names.py). Its answer depends on
 * the name. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANY 100000

static const struct lie {
    const char *name;
    const char *text;
    unsigned times;
} lies[] = {
    {"endless", "2001:db8::1\n", 0},
    {"one-line", "1", MANY},
    {"nonsense",
     "127.0.0.1:22\n127.0.0.1,127.0.0.2\n[::1]\nfe80::1%eth0\n0x7f000001\n2130706433\n\xff\n", 1},
    {"words", " \x1b[2Jpumplined: all is well\r\n", 1},
    {"silence", "", 1},
    {"crowd", "127.0.0.1\n", MANY},
    {"one-of-many", "nonsense\n\n\n127.0.0.1\n[\n", 1},
};

static int
resolve(const char *name)
{
    size_t length = strcspn(name, ".");

    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        if (strlen(lies[i].name) == length && strncmp(lies[i].name, name, length) == 0)
            for (unsigned said = 0; !lies[i].times || said < lies[i].times; said++)
                if (fputs(lies[i].text, stdout) == EOF)
                    return 1;
    return 0;
}

int
main(int argc, char **argv)
{
    char path[PATH_MAX + 16], *slash;
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);

    if (argc == 3 && strcmp(argv[1], "--resolve") == 0)
        return resolve(argv[2]);
    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        strcpy(slash, "/real-worker");
    execv(path, argv);
    return 127;
}
