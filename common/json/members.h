/* Checking JSON objects against tables of members: config.c's and config_erp.c's tool. */
#ifndef COMMON_JSON_MEMBERS_H
#define COMMON_JSON_MEMBERS_H

#include "common/config/config.h"

enum config_kind {
    CONFIG_TEXT,   /* a string of minimum…maximum bytes, without control characters */
    CONFIG_PATH,   /* an absolute path */
    CONFIG_URL,    /* http:// or https://, a host, no user, query or fragment */
    CONFIG_SECRET, /* plain, minimum…maximum bytes, or {"sealed": "…"} */
    CONFIG_BOOL,
    CONFIG_INTEGER, /* minimum…maximum */
    CONFIG_SECONDS, /* a number, minimum…maximum */
    CONFIG_CHOICE,  /* one of choices */
    CONFIG_OBJECT,  /* the caller checks its members */
    CONFIG_ARRAY
};

struct config_member {
    const char *name;
    enum config_kind kind;
    bool required;
    bool nullable;
    int64_t minimum, maximum;
    const char *const *choices; /* NULL at the end */
};

/* Where in which file: pointer is that of the object whose members are looked at. */
struct config_location {
    const char *file, *pointer;
    struct config_faults *faults;
};

/* Adds a fault for each unknown, missing or wrong member; returns whether there was none. */
bool config_check_members(const json_t *object, const struct config_member *members, size_t count,
                          const struct config_location *location);

/* As workshop_config_new, but never NULL: a file with faults still counts in the checks across
 * files, so that all faults are found at once. recipe is one that has been checked before, for the
 * same `erp`; NULL: it is read, where there is one. */
struct workshop_config *workshop_config_read(const char *slug, const json_t *document,
                                             json_t *recipe, const char *file,
                                             struct config_faults *faults);

/* Adds the faults that the workshop has together with the system's users and with those of other
 * slugs. */
void config_check_against(const struct daemon_config *config,
                          const struct workshop_config *workshop, struct config_faults *faults);

/* Whether erp (NULL: none) says how a browser that webdriver_url opens on another machine reaches
 * the proxy on this one. */
void config_erp_check_proxy(const json_t *erp, const char *webdriver_url, const char *file,
                            struct config_faults *faults);

/* The slug of a file or a new workshop: a-z, 0-9 and '-', not first; at most CONFIG_SLUG_MAX. */
bool config_slug_sound(const char *slug);

/* An element of api_tokens, which is an object; place is its own. Returns whether it is sound. */
bool config_check_token(const json_t *token, const struct config_location *location);

/* Reads `http` (NULL: the defaults) of the daemon's own file, or of a workshop's. */
void config_http_read(const json_t *http, bool control, struct http_limits *limits,
                      const struct config_location *location);

/* Checks a workshop's list of hosts or origins. */
void config_http_names(const json_t *document, const char *member,
                       const struct config_location *root);

/* Reads a JSON file, its text in secret memory; NULL with a fault that quotes nothing of it. */
json_t *config_read_document(const char *path, struct config_faults *faults);

/* Adds "/name", escaped, to a pointer, as far as there is room. */
void config_pointer_add(char *pointer, size_t size, const char *name);

/* Adds a fault at pointer/name. */
void config_check_fault(const struct config_location *location, const char *name,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
