/* The hosts that a browser may connect to, and their addresses. */
#include <stdlib.h>

#include "common/base/log.h"
#include "worker/proxy/internal.h"

#define RESOLV_CONF "/etc/resolv.conf"

static void
add_hosts(struct host_pattern *hosts, size_t *count, const json_t *browser)
{
    const json_t *host;
    size_t i;

    json_array_foreach(json_object_get(browser, "hosts"), i, host) *count +=
        host_pattern_parse(json_string_value(host), &hosts[*count]);
}

struct host_pattern *
proxy_hosts(const json_t *erp, const json_t *recipe, size_t *count)
{
    const json_t *own = json_object_get(erp, "browser"),
                 *of_recipe = json_object_get(recipe, "browser");
    struct host_pattern *hosts = mem_alloc((1 + json_array_size(json_object_get(own, "hosts")) +
                                            json_array_size(json_object_get(of_recipe, "hosts"))) *
                                           sizeof *hosts);

    host_pattern_of_url(json_string_value(json_object_get(erp, "url")), hosts);
    *count = 1;
    add_hosts(hosts, count, own);
    add_hosts(hosts, count, of_recipe);
    return hosts;
}

bool
proxy_allows(const struct proxy *proxy, const struct socks_target *target)
{
    for (size_t i = 0; i < proxy->host_count; i++)
        if (host_pattern_matches(&proxy->hosts[i], target->host, target->port))
            return true;
    return false;
}

/* Without a readable resolv.conf libevent asks a name server on this machine; /etc/hosts is read in
 * any case. */
struct evdns_base *
proxy_dns(struct proxy *proxy)
{
    if (!proxy->dns) {
        proxy->dns = evdns_base_new(proxy->base, 0);
        if (!proxy->dns)
            die_abort("out of memory for names");
        (void)evdns_base_resolv_conf_parse(proxy->dns, DNS_OPTIONS_ALL, RESOLV_CONF);
    }
    return proxy->dns;
}
