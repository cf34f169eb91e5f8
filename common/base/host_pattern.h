/* Hosts that a page may connect to: "erp.example.com", "*.example.com", "[::1]:8443". */
#ifndef COMMON_BASE_HOST_PATTERN_H
#define COMMON_BASE_HOST_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_PATTERN_BYTES 256

struct host_pattern {
    char host[HOST_PATTERN_BYTES]; /* lower case; ".example.com" for all names below it */
    uint16_t port;
};

/* Parses HOST or HOST:PORT; the default port is 443. False if text is neither. */
bool host_pattern_parse(const char *text, struct host_pattern *pattern);

#define HOST_PATTERN_FORM                                                                          \
    "must be a host, or a host and a port: \"*.example.com\", \"cdn.example.com:8443\""

/* Whether the host is a numeric address. */
bool host_pattern_is_address(const struct host_pattern *pattern);

/* Host and port of an http or https URL that has passed the configuration check. */
void host_pattern_of_url(const char *url, struct host_pattern *pattern);

/* host: a name in any case, or a numeric address without brackets. */
bool host_pattern_matches(const struct host_pattern *pattern, const char *host, uint16_t port);

#endif
