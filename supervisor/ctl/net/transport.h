/* What all transfers to the daemon's socket have in common. Together with client.c and stream.c the
 * only files of pumplinectl that use libcurl. */
#ifndef SUPERVISOR_CTL_NET_TRANSPORT_H
#define SUPERVISOR_CTL_NET_TRANSPORT_H

#include <curl/curl.h>

/* Sets up a handle for the socket. error_text has CURL_ERROR_SIZE bytes and, like socket_path, must
 * outlive the transfer. */
void transport_set(CURL *curl, const char *socket_path, char *error_text);

/* Why a transfer failed, by the system's message if there is one. To be freed. */
char *transport_error(CURL *curl, const char *socket_path, CURLcode code, const char *error_text);

#endif
