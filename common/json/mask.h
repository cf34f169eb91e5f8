/* A password in what an ERP or a browser has said. */
#ifndef COMMON_JSON_MASK_H
#define COMMON_JSON_MASK_H

/* Replaces password in text by as many '*': as it is, and as JSON, HTML, HTML within JSON, URLs and
 * forms write it. One of less than 4 bytes stays (secret_mask): it is in every other word. */
void mask_password(char *text, const char *password);

#endif
