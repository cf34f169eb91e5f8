/* The fastest that this machine's disk and LMDB can be: the upper limit for any server that stores
 * each order before the reply.
 *
 * usage: limits FOLDER SECONDS [PROCESSES PUTS]
 *
 * Prints how many times per second 300 new bytes reach the disk: by write and fdatasync; as one put
 * per commit of LMDB; and as 64 puts per commit. With PROCESSES: how many puts so many processes do
 * at once, each with an environment of its own and PUTS per commit, and the slowest of them. */
#include <fcntl.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RECORD_BYTES 300
#define MAP_BYTES (1UL << 30)

static const char *folder;
static double seconds;

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
check(int failed, const char *what)
{
    if (failed) {
        fprintf(stderr, "limits: %s failed\n", what);
        exit(1);
    }
}

static char *
path_of(const char *name)
{
    static char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static double
measure_fdatasync(void)
{
    char record[RECORD_BYTES] = {0};
    int fd = open(path_of("plain"), O_CREAT | O_WRONLY | O_APPEND, 0600);
    double begin = now_s();
    unsigned count = 0;

    check(fd < 0, "open");
    for (; now_s() - begin < seconds; count++)
        check(write(fd, record, sizeof record) != sizeof record || fdatasync(fd), "fdatasync");
    close(fd);
    return count / (now_s() - begin);
}

static double
measure_lmdb(const char *name, unsigned group)
{
    char record[RECORD_BYTES] = {0};
    unsigned count = 0;
    MDB_env *env;
    MDB_dbi table;
    MDB_txn *txn;
    double begin;

    mkdir(path_of(name), 0700);
    check(mdb_env_create(&env) || mdb_env_set_mapsize(env, MAP_BYTES) ||
              mdb_env_open(env, path_of(name), 0, 0600),
          "mdb_env_open");
    check(mdb_txn_begin(env, NULL, 0, &txn) || mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &table) ||
              mdb_txn_commit(txn),
          "mdb_dbi_open");
    begin = now_s();
    while (now_s() - begin < seconds) {
        check(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
        for (unsigned i = 0; i < group; i++) {
            uint64_t number = count++;
            MDB_val key = {sizeof number, &number}, value = {sizeof record, record};

            check(mdb_put(txn, table, &key, &value, MDB_APPEND), "mdb_put");
        }
        check(mdb_txn_commit(txn), "mdb_txn_commit");
    }
    begin = count / (now_s() - begin);
    mdb_env_close(env);
    return begin;
}

/* Each process writes its rate into the pipe. */
static void
measure_many(int processes, unsigned group)
{
    double rate, total = 0, slowest = 0;
    int ends[2];

    check(pipe(ends), "pipe");
    for (int i = 0; i < processes; i++) {
        char name[32];
        pid_t pid = fork();

        check(pid < 0, "fork");
        if (pid)
            continue;
        snprintf(name, sizeof name, "process-%d", i);
        rate = measure_lmdb(name, group);
        check(write(ends[1], &rate, sizeof rate) != sizeof rate, "write");
        _exit(0);
    }
    for (int i = 0; i < processes; i++) {
        check(read(ends[0], &rate, sizeof rate) != sizeof rate, "read");
        total += rate;
        slowest = i && slowest < rate ? slowest : rate;
    }
    printf("total %.0f\nslowest %.0f\n", total, slowest);
}

int
main(int argc, char **argv)
{
    if (argc != 3 && argc != 5) {
        fputs("usage: limits FOLDER SECONDS [PROCESSES PUTS]\n", stderr);
        return 2;
    }
    folder = argv[1];
    seconds = atof(argv[2]);
    if (argc == 5) {
        measure_many(atoi(argv[3]), (unsigned)atoi(argv[4]));
        return 0;
    }
    printf("fdatasync %.0f\n", measure_fdatasync());
    printf("lmdb-1 %.0f\n", measure_lmdb("one", 1));
    printf("lmdb-64 %.0f\n", measure_lmdb("many", 64));
    return 0;
}
