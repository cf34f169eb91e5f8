/* The browser's proxy: host patterns, SOCKS, the gate's HTTP parser, the request list, and a whole
 * tunnel without a target. */
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/host_pattern.h"
#include "test/fuzz/fuzz.h"
#include "worker/proxy/internal.h"

#define ROUNDS 4

static struct event_base *base;

/* Each prefix asks for more until the message is complete; later bytes change nothing. */
static void
socks(const uint8_t *data, size_t size)
{
    struct socks_target target = {.port = 0};
    enum socks_reply refused = SOCKS_FAILED;
    int greeting = socks_greeting(data, size),
        request = socks_request(data, size, &target, &refused);

    REQUIRE(greeting <= (int)size && request <= (int)size);
    for (size_t i = 0; i < size; i++) {
        struct socks_target part;
        enum socks_reply why;

        REQUIRE(socks_greeting(data, i) == ((int)i < greeting || greeting < 0 ? 0 : greeting) ||
                greeting < 0);
        REQUIRE(request < 0 ||
                socks_request(data, i, &part, &why) == ((int)i < request ? 0 : request));
    }
    if (request > 0 && refused == SOCKS_GRANTED)
        REQUIRE(strlen(target.host) > 0 && strlen(target.host) < SOCKS_HOST_BYTES);
}

static void
pattern(const char *text)
{
    struct host_pattern parsed, again;
    char *whole;

    if (!host_pattern_parse(text, &parsed))
        return;
    REQUIRE(*parsed.host && parsed.port);
    if (*parsed.host == '.') {
        whole = mem_format("x%s", parsed.host);
        REQUIRE(host_pattern_matches(&parsed, whole, parsed.port));
        REQUIRE(!host_pattern_matches(&parsed, parsed.host, parsed.port));
    } else {
        whole =
            mem_format(strchr(parsed.host, ':') ? "[%s]:%u" : "%s:%u", parsed.host, parsed.port);
        REQUIRE(host_pattern_matches(&parsed, parsed.host, parsed.port));
        REQUIRE(host_pattern_parse(whole, &again) && again.port == parsed.port &&
                strcmp(again.host, parsed.host) == 0);
    }
    REQUIRE(!host_pattern_matches(&parsed, parsed.host, (uint16_t)(parsed.port + 1)));
    free(whole);
}

/* Splitting a reply changes nothing. */
static void
gate(const uint8_t *data, size_t size)
{
    struct gate_stream whole = {.sent = false}, pieces = {.sent = false};
    const char *bytes = (const char *)data;
    int status, last = 0;

    gate_stream_up(&whole, GATE_ARMED, "POST /", 6);
    gate_stream_up(&pieces, GATE_ARMED, "POST /", 6);
    status = gate_stream_down(&whole, bytes, size);
    for (size_t i = 0; i < size && !last; i++)
        last = gate_stream_down(&pieces, bytes + i, 1);
    REQUIRE(status == last && (!status || (status >= 400 && status < 500)));
    REQUIRE(whole.answered == pieces.answered && whole.kind == pieces.kind);
    REQUIRE(gate_stream_shuts(&whole, false) == gate_stream_shuts(&pieces, false));
}

static void
list(const uint8_t *data, size_t size)
{
    struct proxy proxy = {.list = evbuffer_new()};
    struct tunnel t = {.proxy = &proxy, .stream.status = "HTTP/1.1 200"};
    char *text;

    list_request(&t, (const char *)data, size);
    REQUIRE(!strpbrk(t.request, "#\r\n\t"));
    list_reply(&t);
    text = proxy_list(&proxy);
    REQUIRE(!*text || strchr(text, '\n') == text + strlen(text) - 1);
    free(text);
    evbuffer_free(proxy.list);
}

/* No host is allowed, so nothing connects. */
static void
tunnel(const uint8_t *data, size_t size, enum gate_state state)
{
    struct proxy proxy = {.base = base, .state = state, .list = evbuffer_new()};
    unsigned char answer[64];
    int pair[2];
    ssize_t got;

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    tunnel_start(&proxy, pair[0]);
    REQUIRE(write(pair[1], data, size) == (ssize_t)size);
    for (int i = 0; i < ROUNDS; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    got = read(pair[1], answer, sizeof answer);
    REQUIRE(got <= (ssize_t)(sizeof socks_no_authentication + SOCKS_ANSWER_BYTES));
    REQUIRE(got < 4 || (answer[2] == 5 && answer[3] != SOCKS_GRANTED));
    close(pair[1]);
    if (proxy.tunnels)
        tunnel_free(proxy.tunnels);
    REQUIRE(!proxy.tunnels && !proxy.tunnel_count);
    evbuffer_free(proxy.list);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    base = event_base_new();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    char *text;

    fuzz_begin();
    if (choice % 8 == 0)
        tunnel(data, size, choice & 8 ? GATE_OPEN : GATE_SHUT);
    else if (choice % 4 == 1)
        socks(data, size);
    else if (choice % 4 == 2)
        gate(data, size);
    else if (choice % 4 == 3)
        list(data, size);
    else {
        text = take_text(&data, &size, '\0');
        pattern(text);
        free(text);
    }
    return 0;
}
