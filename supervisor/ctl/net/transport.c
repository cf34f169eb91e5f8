/* Access to the socket: the options of a transfer, and the messages for failures. */
#include "supervisor/ctl/net/transport.h"

#include <errno.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

/* Proxies in the environment must not be used for a Unix socket. */
void
transport_set(CURL *curl, const char *socket_path, char *error_text)
{
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CLIENT_CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "pumplinectl/" PUMPLINE_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
}

char *
transport_error(CURL *curl, const char *socket_path, CURLcode code, const char *error_text)
{
    long os_errno = 0;

    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
    if (code != CURLE_COULDNT_CONNECT || os_errno == 0)
        return mem_format("no reply from the daemon at %s: %s", socket_path,
                          *error_text ? error_text : curl_easy_strerror(code));
    return mem_format("cannot reach the daemon at %s: %s%s", socket_path, strerror((int)os_errno),
                      os_errno == EACCES ? " (run as root or as a member of the control group)"
                                         : " (is pumplined running?)");
}
