/* The load generator of test/bench: each connection places an order, waits for the reply, and
 * places the next one. One thread with one small write and read per order, so that it costs less
 * than any measured server, and the same for all of them.
 *
 * usage: load http|get|alive|beanstalkd|redis PORT[,PORT…] CONNECTIONS SECONDS RUN WORKSHOP
 * [random]
 *
 * http: POST /create; get: GET /missing, answered 404; alive: GET /alive; beanstalkd: put; redis:
 * RPUSH. The connections take the ports in turn; an "@" in WORKSHOP stands for the port. Every
 * order has another uniqueid, RUN-CONNECTION-NUMBER, where the numbers count up or, with "random",
 * lie far apart. Prints "RESULT REPLIES DURATION_US WRONG BROKEN P50_US P99_US", and for several
 * ports "PORT PORT REPLIES" for each. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 1024
#define REPLY_BYTES 4096
#define EVENTS 256
#define DIGITS 8
#define PORTS 1024

struct connection {
    int fd;
    char message[MESSAGE_BYTES], reply[REPLY_BYTES];
    size_t length, received;
    char *digits[2]; /* positions of the order's number; NULL: none */
    unsigned number, port;
    int64_t sent_us;
};

/* The length of a complete reply, or 0; *right: whether it is the expected one. */
struct protocol {
    const char *name;
    int (*write)(char *to, const char *run, int connection, const char *workshop);
    size_t (*whole)(const char *reply, bool *right);
};

static struct {
    uint32_t *us;
    size_t count, room;
    unsigned wrong, broken;
} results;

static bool spread;

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

/* --- protocols --- */

static int
write_order(char *to, const char *run, int connection, const char *workshop)
{
    return snprintf(to, MESSAGE_BYTES,
                    "{\"workshop\": \"%s\", \"worksheet\": \"########\", \"product_nr\": \"10\", "
                    "\"product_amount\": \"5\", \"uniqueid\": \"%s-%03d-########\", "
                    "\"username\": \"admin\", \"password\": \"gygag\"}",
                    workshop, run, connection);
}

static int
write_http(char *to, const char *run, int connection, const char *workshop)
{
    char order[MESSAGE_BYTES / 2];
    int length = write_order(order, run, connection, workshop);

    return snprintf(to, MESSAGE_BYTES,
                    "POST /create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: %d\r\n\r\n%s",
                    length, order);
}

static int
write_get(char *to, const char *run, int connection, const char *workshop)
{
    (void)run;
    (void)connection;
    (void)workshop;
    return snprintf(to, MESSAGE_BYTES, "GET /missing HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static int
write_alive(char *to, const char *run, int connection, const char *workshop)
{
    (void)run;
    (void)connection;
    (void)workshop;
    return snprintf(to, MESSAGE_BYTES, "GET /alive HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static int
write_beanstalkd(char *to, const char *run, int connection, const char *workshop)
{
    char order[MESSAGE_BYTES / 2];
    int length = write_order(order, run, connection, workshop);

    return snprintf(to, MESSAGE_BYTES, "put 0 0 60 %d\r\n%s\r\n", length, order);
}

static int
write_redis(char *to, const char *run, int connection, const char *workshop)
{
    char order[MESSAGE_BYTES / 2];
    int length = write_order(order, run, connection, workshop);

    return snprintf(to, MESSAGE_BYTES, "*3\r\n$5\r\nRPUSH\r\n$6\r\norders\r\n$%d\r\n%s\r\n", length,
                    order);
}

static size_t
http_length(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n"), *length = strcasestr(reply, "\r\nContent-Length:");

    if (!end || !length || length > end)
        return 0;
    return (size_t)(end + 4 - reply) + strtoul(length + 17, NULL, 10);
}

static size_t
whole_http(const char *reply, bool *right)
{
    *right = strncmp(reply, "HTTP/1.1 200", 12) == 0;
    return http_length(reply);
}

static size_t
whole_get(const char *reply, bool *right)
{
    *right = strncmp(reply, "HTTP/1.1 404", 12) == 0;
    return http_length(reply);
}

static size_t
line_length(const char *reply)
{
    const char *end = strstr(reply, "\r\n");

    return end ? (size_t)(end + 2 - reply) : 0;
}

static size_t
whole_beanstalkd(const char *reply, bool *right)
{
    *right = strncmp(reply, "INSERTED ", 9) == 0;
    return line_length(reply);
}

static size_t
whole_redis(const char *reply, bool *right)
{
    *right = *reply == ':';
    return line_length(reply);
}

static const struct protocol protocols[] = {{"http", write_http, whole_http},
                                            {"get", write_get, whole_get},
                                            {"alive", write_alive, whole_http},
                                            {"beanstalkd", write_beanstalkd, whole_beanstalkd},
                                            {"redis", write_redis, whole_redis}};

/* --- connections --- */

static void
connection_open(struct connection *c, int epoll, unsigned port, const struct protocol *protocol,
                const char *run, int number, const char *workshop)
{
    const char *at = strchr(workshop, '@');
    char name[256];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int yes = 1;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event))
        fail("epoll_ctl");
    c->port = port;
    snprintf(name, sizeof name, "%s", workshop);
    if (at)
        snprintf(name, sizeof name, "%.*s%u%s", (int)(at - workshop), workshop, port, at + 1);
    c->length = (size_t)protocol->write(c->message, run, number, name);
    for (int i = 0; i < 2; i++)
        c->digits[i] = strstr(i && c->digits[0] ? c->digits[0] + DIGITS : c->message, "########");
}

static void
connection_send(struct connection *c)
{
    char count[DIGITS + 1], id[DIGITS + 1];
    uint64_t number = c->number++ % 100000000;

    snprintf(count, sizeof count, "%08llu", (unsigned long long)number);
    snprintf(id, sizeof id, "%08llu",
             (unsigned long long)(spread ? number * 61803399 % 100000000 : number));
    if (c->digits[0])
        memcpy(c->digits[0], count, DIGITS);
    if (c->digits[1])
        memcpy(c->digits[1], id, DIGITS);
    c->received = 0;
    c->sent_us = now_us();
    if (write(c->fd, c->message, c->length) != (ssize_t)c->length)
        fail("write");
}

static void
remember(int64_t us)
{
    if (results.count == results.room) {
        results.room = results.room ? results.room * 2 : 1 << 16;
        results.us = realloc(results.us, results.room * sizeof *results.us);
        if (!results.us)
            fail("realloc");
    }
    results.us[results.count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void
connection_read(struct connection *c, const struct protocol *protocol)
{
    ssize_t got = read(c->fd, c->reply + c->received, REPLY_BYTES - 1 - c->received);
    bool right;
    size_t length;

    if (got <= 0) {
        results.broken++;
        close(c->fd);
        return;
    }
    c->received += (size_t)got;
    c->reply[c->received] = '\0';
    length = protocol->whole(c->reply, &right);
    if (!length || c->received < length)
        return;
    remember(now_us() - c->sent_us);
    results.wrong += !right;
    connection_send(c);
}

static int
compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t
percentile(unsigned part)
{
    return results.count ? results.us[results.count * part / 100] : 0;
}

static int64_t
run_for(int epoll, int64_t us, const struct protocol *protocol)
{
    int64_t begin = now_us();

    while (now_us() - begin < us) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, 100);

        for (int i = 0; i < count; i++)
            connection_read(events[i].data.ptr, protocol);
    }
    return now_us() - begin;
}

/* Orders without a reply count too: at most one per connection. */
static void
print_ports(const struct connection *connections, int count, const unsigned *ports, int port_count)
{
    for (int p = 0; port_count > 1 && p < port_count; p++) {
        unsigned long replies = 0;

        for (int i = p; i < count; i += port_count)
            replies += connections[i].number;
        printf("PORT %u %lu\n", ports[p], replies);
    }
}

static int
read_ports(const char *text, unsigned *ports)
{
    int count = 0;

    for (char *end; *text && count < PORTS; text = *end ? end + 1 : end)
        ports[count++] = (unsigned)strtoul(text, &end, 10);
    return count;
}

int
main(int argc, char **argv)
{
    const struct protocol *protocol = NULL;
    unsigned ports[PORTS];
    int epoll = epoll_create1(0), count, port_count;
    struct connection *connections;
    int64_t took_us;

    spread = argc == 8 && strcmp(argv[7], "random") == 0;
    for (size_t i = 0; (argc == 7 || spread) && i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(argv[1], protocols[i].name) == 0)
            protocol = &protocols[i];
    if (!protocol) {
        fputs("usage: load http|get|alive|beanstalkd|redis PORT[,PORT...] CONNECTIONS SECONDS RUN "
              "WORKSHOP\n",
              stderr);
        return 2;
    }
    count = atoi(argv[3]);
    port_count = read_ports(argv[2], ports);
    connections = calloc((size_t)count, sizeof *connections);
    if (!connections || epoll < 0)
        fail("start");
    for (int i = 0; i < count; i++)
        connection_open(&connections[i], epoll, ports[i % port_count], protocol, argv[5], i,
                        argv[6]);
    for (int i = 0; i < count; i++)
        connection_send(&connections[i]);
    took_us = run_for(epoll, atoll(argv[4]) * 1000000, protocol);
    qsort(results.us, results.count, sizeof *results.us, compare);
    printf("RESULT %zu %lld %u %u %u %u\n", results.count, (long long)took_us, results.wrong,
           results.broken, percentile(50), percentile(99));
    print_ports(connections, count, ports, port_count);
    free(connections);
    return 0;
}
