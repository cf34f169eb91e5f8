/* The JSON schemas (draft 2020-12) of pumpline.json and of a workshop's file, for editors. They
 * accept everything that the configuration check accepts; rules that span several members are left
 * to the check. */
#ifndef COMMON_CONFIG_JSON_SCHEMA_H
#define COMMON_CONFIG_JSON_SCHEMA_H

#include <jansson.h>

/* The caller owns it. */
json_t *config_json_schema_daemon(void);
json_t *config_json_schema_workshop(void);

#endif
