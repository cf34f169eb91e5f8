/* One tunnel: SOCKS5 from the browser, an address of the ERP that answers, then bytes in both
 * directions. */
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "worker/proxy/internal.h"

#define LOOKED_AT_BYTES 4096 /* of the bytes that start a request */

/* --- the end --- */

/* What is still to be written on the remaining side goes first. */
static void
end_after(struct tunnel *t, struct bufferevent **closed, struct bufferevent *left)
{
    tunnel_close_side(closed);
    if (!left || !evbuffer_get_length(bufferevent_get_output(left))) {
        tunnel_free(t);
        return;
    }
    t->state = TUNNEL_ENDING;
    bufferevent_disable(left, EV_READ);
    bufferevent_setwatermark(left, EV_WRITE, 0, 0);
}

static void
refuse(struct tunnel *t, enum socks_reply reply, const char *what)
{
    unsigned char answer[SOCKS_ANSWER_BYTES];

    list_end(t, what);
    socks_answer(reply, answer);
    bufferevent_write(t->browser, answer, sizeof answer);
    end_after(t, &t->erp, t->browser);
}

static void
closed(struct tunnel *t, bool by_browser)
{
    const char *what = by_browser ? "closed by the browser" : "closed by the ERP";

    /* What has arrived may be the complete reply, and then the page shows it. */
    if (t->proxy->state == GATE_ARMED && gate_stream_shuts(&t->stream, by_browser))
        proxy_shut_gate(t->proxy, t, what);
    else if (t->state == TUNNEL_OPEN)
        list_end(t, what);
    if (by_browser)
        end_after(t, &t->browser, t->erp);
    else
        end_after(t, &t->erp, t->browser);
}

/* --- bytes --- */

/* A slow side throttles the other one. */
static void
pass_on(struct bufferevent *from, struct bufferevent *to)
{
    bufferevent_write_buffer(to, bufferevent_get_input(from));
    if (evbuffer_get_length(bufferevent_get_output(to)) > PROXY_BUFFER_BYTES)
        bufferevent_disable(from, EV_READ);
}

static void
pass_up(struct tunnel *t)
{
    struct evbuffer *input = bufferevent_get_input(t->browser);
    size_t length = evbuffer_get_length(input),
           seen = length < LOOKED_AT_BYTES ? length : LOOKED_AT_BYTES;
    const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)seen);

    if (t->proxy->state == GATE_ARMED && proxy_has_ended_one(t->proxy, t))
        return;
    if (gate_stream_up(&t->stream, t->proxy->state, bytes, seen))
        list_request(t, bytes, seen);
    t->up_bytes += length;
    pass_on(t->browser, t->erp);
}

static void
pass_down(struct tunnel *t)
{
    struct evbuffer *input = bufferevent_get_input(t->erp);
    size_t length = evbuffer_get_length(input);
    bool answered = t->stream.answered;
    char what[64];
    int status = gate_stream_down(&t->stream,
                                  (const char *)evbuffer_pullup(input, (ev_ssize_t)length), length);

    if (status && t->proxy->state == GATE_ARMED && t->stream.sent) {
        snprintf(what, sizeof what, "answered with status %d by the ERP", status);
        proxy_shut_gate(t->proxy, t, what);
        tunnel_free(t);
        return;
    }
    if (t->stream.answered && !answered)
        list_reply(t);
    t->down_bytes += length;
    pass_on(t->erp, t->browser);
}

/* --- the ERP's side --- */

static void try_address(struct tunnel *t);

static void
on_connected(struct tunnel *t)
{
    unsigned char answer[SOCKS_ANSWER_BYTES];

    t->state = TUNNEL_OPEN;
    socks_answer(SOCKS_GRANTED, answer);
    bufferevent_write(t->browser, answer, sizeof answer);
    bufferevent_enable(t->erp, EV_READ);
    bufferevent_enable(t->browser, EV_READ);
}

static void
on_erp_read(struct bufferevent *erp, void *arg)
{
    (void)erp;
    pass_down(arg);
}

static void
on_erp_event(struct bufferevent *erp, short what, void *arg)
{
    struct tunnel *t = arg;

    (void)erp;
    if (what & BEV_EVENT_CONNECTED) {
        on_connected(t);
    } else if (t->state == TUNNEL_CONNECTING) {
        tunnel_close_side(&t->erp);
        t->address = t->address->ai_next;
        try_address(t);
    } else {
        closed(t, false);
    }
}

/* There is room again: the other side may continue, or nothing is left to wait for. */
static void
on_written(struct tunnel *t, struct bufferevent *other)
{
    if (t->state == TUNNEL_ENDING)
        tunnel_free(t);
    else if (other && t->state == TUNNEL_OPEN)
        bufferevent_enable(other, EV_READ);
}

static void
on_erp_written(struct bufferevent *erp, void *arg)
{
    struct tunnel *t = arg;

    (void)erp;
    on_written(t, t->browser);
}

static void
bound_buffers(struct bufferevent *side)
{
    bufferevent_setwatermark(side, EV_READ, 0, PROXY_BUFFER_BYTES);
    bufferevent_setwatermark(side, EV_WRITE, PROXY_BUFFER_BYTES / 2, 0);
}

/* A name may have addresses without a listener ("localhost" often has two). */
static void
try_address(struct tunnel *t)
{
    if (!t->address) {
        refuse(t, SOCKS_REFUSED, "cannot connect");
        return;
    }
    t->erp = bufferevent_socket_new(t->proxy->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!t->erp)
        die_abort("out of memory for a connection");
    bound_buffers(t->erp);
    bufferevent_setcb(t->erp, on_erp_read, on_erp_written, on_erp_event, t);
    if (bufferevent_socket_connect(t->erp, t->address->ai_addr, (int)t->address->ai_addrlen)) {
        tunnel_close_side(&t->erp);
        t->address = t->address->ai_next;
        try_address(t);
    }
}

static void
on_addresses(int error, struct evutil_addrinfo *addresses, void *arg)
{
    struct tunnel *t = arg;

    if (error == EVUTIL_EAI_CANCEL)
        return;
    t->lookup = NULL;
    if (error) {
        refuse(t, SOCKS_HOST_UNREACHABLE, evutil_gai_strerror(error));
        return;
    }
    t->addresses = t->address = addresses;
    try_address(t);
}

static struct evutil_addrinfo
hints_of(int flags)
{
    return (struct evutil_addrinfo){.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP,
                                    .ai_flags = flags};
}

/* An address needs no resolver, which the sandbox may forbid. */
static struct evutil_addrinfo *
address_of(const char *text, const char *port)
{
    const struct evutil_addrinfo hints = hints_of(EVUTIL_AI_NUMERICHOST);
    struct evutil_addrinfo *address = NULL;

    return evutil_getaddrinfo(text, port, &hints, &address) ? NULL : address;
}

static void
on_named(const struct names_answer *answer, void *arg)
{
    struct tunnel *t = arg;
    struct evutil_addrinfo **end = &t->addresses;
    char port[8];

    t->wait = NULL;
    snprintf(port, sizeof port, "%u", t->target.port);
    for (size_t i = 0; i < answer->count; i++) {
        *end = address_of(answer->addresses[i], port);
        if (*end)
            end = &(*end)->ai_next;
    }
    if (!t->addresses) {
        refuse(t, SOCKS_HOST_UNREACHABLE,
               answer->error ? answer->error : "the name has no address");
        return;
    }
    t->address = t->addresses;
    try_address(t);
}

static void
connect_to(struct tunnel *t)
{
    const struct evutil_addrinfo hints = hints_of(0);
    struct evdns_getaddrinfo_request *lookup;
    struct evutil_addrinfo *address;
    char port[8];

    snprintf(port, sizeof port, "%u", t->target.port);
    t->state = TUNNEL_CONNECTING;
    bufferevent_disable(t->browser, EV_READ);
    address = address_of(t->target.host, port);
    if (address) {
        on_addresses(0, address, t);
    } else if (t->proxy->names) {
        t->wait = names_resolve(t->proxy->names, t->target.host, on_named, t);
    } else {
        lookup =
            evdns_getaddrinfo(proxy_dns(t->proxy), t->target.host, port, &hints, on_addresses, t);
        if (lookup) /* it is pending; otherwise on_addresses was called, and t may be freed */
            t->lookup = lookup;
    }
}

/* --- the browser's side --- */

static void
on_greeting(struct tunnel *t)
{
    struct evbuffer *input = bufferevent_get_input(t->browser);
    int length = socks_greeting(evbuffer_pullup(input, -1), evbuffer_get_length(input));

    if (length < 0) {
        tunnel_free(t);
    } else if (length) {
        evbuffer_drain(input, (size_t)length);
        bufferevent_write(t->browser, socks_no_authentication, sizeof socks_no_authentication);
        t->state = TUNNEL_REQUEST;
    }
}

static void
on_request(struct tunnel *t)
{
    struct evbuffer *input = bufferevent_get_input(t->browser);
    enum socks_reply refused = SOCKS_GRANTED;
    int length =
        socks_request(evbuffer_pullup(input, -1), evbuffer_get_length(input), &t->target, &refused);

    if (length < 0) {
        tunnel_free(t);
        return;
    }
    if (!length)
        return;
    evbuffer_drain(input, (size_t)length);
    if (refused != SOCKS_GRANTED)
        refuse(t, refused, "refused: invalid SOCKS request");
    else if (t->proxy->state == GATE_SHUT)
        refuse(t, SOCKS_NOT_ALLOWED,
               "refused: access is blocked until the line has been looked up");
    else if (!proxy_allows(t->proxy, &t->target))
        refuse(t, SOCKS_NOT_ALLOWED, "refused: not a host of the ERP or in browser.hosts");
    else
        connect_to(t);
}

static void
on_browser_read(struct bufferevent *browser, void *arg)
{
    struct tunnel *t = arg;

    if (t->state == TUNNEL_GREETING)
        on_greeting(t);
    else if (t->state == TUNNEL_REQUEST)
        on_request(t);
    else if (t->state == TUNNEL_OPEN && evbuffer_get_length(bufferevent_get_input(browser)))
        pass_up(t);
}

static void
on_browser_written(struct bufferevent *browser, void *arg)
{
    struct tunnel *t = arg;

    (void)browser;
    on_written(t, t->erp);
}

static void
on_browser_event(struct bufferevent *browser, short what, void *arg)
{
    (void)browser;
    (void)what;
    closed(arg, true);
}

void
tunnel_start(struct proxy *proxy, evutil_socket_t fd)
{
    struct tunnel *t = mem_alloc(sizeof *t);

    t->proxy = proxy;
    t->next = proxy->tunnels;
    proxy->tunnels = t;
    proxy->tunnel_count++;
    t->browser = bufferevent_socket_new(proxy->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!t->browser)
        die_abort("out of memory for a connection");
    bound_buffers(t->browser);
    bufferevent_setcb(t->browser, on_browser_read, on_browser_written, on_browser_event, t);
    bufferevent_enable(t->browser, EV_READ | EV_WRITE);
}
