/* The tables of members as JSON schemas. */
#include "common/config/json_schema.h"

#include "common/config/parts.h"

/* Limits are in bytes: a character has one to four. */
static json_t *
text_schema(const struct json_member *m)
{
    json_t *schema =
        json_pack("{s:s s:I}", "type", "string", "minLength", (json_int_t)((m->minimum + 3) / 4));

    if (m->maximum)
        json_object_set_new(schema, "maxLength", json_integer(m->maximum));
    if (m->pattern)
        json_object_set_new(schema, "pattern", json_string(m->pattern));
    return schema;
}

static json_t *
path_schema(const struct json_member *m)
{
    return json_pack("{s:s s:s s:i}", "type", "string", "pattern",
                     m->kind == JSON_KIND_PATH ? "^/" : "^https?://[^/:]", "maxLength",
                     JSON_PATH_MAX - 1);
}

static json_t *
secret_schema(const struct json_member *m)
{
    json_t *sealed =
        json_pack("{s:s s:b s:[s] s:{s:{s:s s:i}}}", "type", "object", "additionalProperties", 0,
                  "required", "sealed", "properties", "sealed", "type", "string", "minLength", 1);

    return json_pack("{s:[o o]}", "anyOf", text_schema(m), sealed);
}

static json_t *
number_schema(const struct json_member *m)
{
    return json_pack("{s:s s:I s:I}", "type", m->kind == JSON_KIND_INTEGER ? "integer" : "number",
                     "minimum", (json_int_t)m->minimum, "maximum", (json_int_t)m->maximum);
}

static json_t *
bool_schema(const struct json_member *m)
{
    (void)m;
    return json_pack("{s:s}", "type", "boolean");
}

static json_t *
choice_schema(const struct json_member *m)
{
    return json_choices_schema(m->choices);
}

static json_t *table_schema(const struct json_table *table);

static json_t *
object_schema(const struct json_member *m)
{
    if (m->each)
        return json_pack("{s:s s:o}", "type", "object", "additionalProperties",
                         table_schema(m->each()));
    return m->inside ? table_schema(m->inside()) : json_pack("{s:s}", "type", "object");
}

static json_t *
array_schema(const struct json_member *m)
{
    json_t *element = m->inside    ? table_schema(m->inside())
                      : m->choices ? json_choices_schema(m->choices)
                                   : json_pack("{s:s}", "type", "string");

    return json_pack("{s:s s:I s:o}", "type", "array", "minItems", (json_int_t)m->minimum, "items",
                     element);
}

static json_t *(*const kinds[])(const struct json_member *) = {
    [JSON_KIND_TEXT] = text_schema,      [JSON_KIND_PATH] = path_schema,
    [JSON_KIND_URL] = path_schema,       [JSON_KIND_SECRET] = secret_schema,
    [JSON_KIND_BOOL] = bool_schema,      [JSON_KIND_INTEGER] = number_schema,
    [JSON_KIND_SECONDS] = number_schema, [JSON_KIND_CHOICE] = choice_schema,
    [JSON_KIND_OBJECT] = object_schema,  [JSON_KIND_ARRAY] = array_schema};

static json_t *
member_schema(const struct json_member *m)
{
    json_t *schema = kinds[m->kind](m);

    return m->nullable ? json_pack("{s:[o {s:s}]}", "anyOf", schema, "type", "null") : schema;
}

static json_t *
table_schema(const struct json_table *table)
{
    json_t *properties = json_object(), *required = json_array();

    for (size_t i = 0; i < table->count; i++) {
        const struct json_member *m = &table->members[i];

        json_object_set_new(properties, m->name, member_schema(m));
        if (m->required)
            json_array_append_new(required, json_string(m->name));
    }
    return json_pack("{s:s s:b s:o s:o}", "type", "object", "additionalProperties", 0, "properties",
                     properties, "required", required);
}

/* One of the systems, each with its own members. */
static json_t *
erp_schema(void)
{
    json_t *systems = json_array(), *schema;
    const struct json_table *table;
    const char *system;

    for (size_t i = 0; (table = config_erp_table(i, &system)); i++) {
        schema = table_schema(table);
        json_object_set_new(json_object_get(schema, "properties"), "system",
                            json_pack("{s:s}", "const", system));
        json_array_append_new(systems, schema);
    }
    return json_pack("{s:o}", "oneOf", systems);
}

static json_t *
file_schema(const char *title, const struct json_table *table)
{
    json_t *schema = json_pack("{s:s s:s}", "$schema",
                               "https://json-schema.org/draft/2020-12/schema", "title", title);

    json_object_update_new(schema, table_schema(table));
    return schema;
}

json_t *
config_json_schema_daemon(void)
{
    return file_schema("pumpline.json: the configuration of pumplined", config_daemon_table());
}

json_t *
config_json_schema_workshop(void)
{
    json_t *schema = file_schema("A workshop: one file in workshops_dir", config_workshop_table());

    json_object_set_new(json_object_get(schema, "properties"), "erp", erp_schema());
    return schema;
}
