/* What every transfer to the daemon's socket has in common. With client.c and stream.c the only
 * files of pumplinectl that know libcurl. */
#ifndef SUPERVISOR_CTL_NET_TRANSPORT_H
#define SUPERVISOR_CTL_NET_TRANSPORT_H

#include <curl/curl.h>

/* Sets up a handle for the socket. error_text holds CURL_ERROR_SIZE and, like socket_path, lives
 * as long as the transfer. */
void transport_set(CURL *curl, const char *socket_path, char *error_text);

/* Why a transfer failed, in the words of the system where it has some. To be freed. */
char *transport_error(CURL *curl, const char *socket_path, CURLcode code, const char *error_text);

#endif
