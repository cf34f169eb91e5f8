/* The tables of shape.c as a JSON schema. */
#include "common/recipe/json_schema.h"

#include <string.h>

#include "common/base/err.h"
#include "common/json/members.h"
#include "common/order/reason.h"
#include "common/shape/shape.h"

#define REF(name) "{\"$ref\": \"#/$defs/" name "\"}"
#define LIST(of, least) "{\"type\": \"array\", \"minItems\": " least ", \"items\": " of "}"
#define EITHER(one, other) "{\"anyOf\": [" one ", " other "]}"
#define MAP(of)                                                                                    \
    "{\"type\": \"object\", \"propertyNames\": " REF("name") ", \"additionalProperties\": " of "}"
#define STRING "{\"type\": \"string\"}"
#define FILLED "{\"type\": \"string\", \"minLength\": 1}"
#define FRAME EITHER(REF("template"), REF("locatorObject"))

#define STATUS                                                                                     \
    EITHER("{\"type\": \"integer\", \"minimum\": 100, \"maximum\": 599}",                          \
           "{\"type\": \"string\", \"pattern\": \"^[1-5]xx$\"}")

/* By kind; the others depend on their member. */
static const char *const kinds[] = {
    [RECIPE_TEXT] = STRING,
    [RECIPE_TEMPLATE] = REF("template"),
    [RECIPE_TYPED] = REF("template"),
    [RECIPE_URL] = REF("filledTemplate"),
    [RECIPE_CSS] = REF("filledTemplate"),
    [RECIPE_XPATH] = REF("filledTemplate"),
    [RECIPE_CODE] = FILLED,
    [RECIPE_REGEX] = FILLED,
    [RECIPE_NAME] = REF("name"),
    [RECIPE_BOOL] = "{\"type\": \"boolean\"}",
    [RECIPE_REASON] = REF("reason"),
    [RECIPE_PIECE] = STRING,
    [RECIPE_KEYS] = "{\"type\": \"string\", \"pattern\": "
                    "\"^((Ctrl|Control|Shift|Alt|Meta)\\\\+){0,4}([!-~]|[A-Za-z]+|F1?[0-9])$\"}",
    [RECIPE_WHAT] = "{\"type\": \"string\", \"pattern\": "
                    "\"^(text|value|url|title|page|count|attribute:.+)$\"}",
    [RECIPE_LOCATOR] = REF("locator"),
    [RECIPE_PAGE] = EITHER(REF("locator"), "{\"type\": \"null\"}"),
    [RECIPE_LOCATOR_OR_T] = FRAME,
    [RECIPE_FRAME] = EITHER(FRAME, LIST(FRAME, "1")),
    [RECIPE_CONDITION] = REF("condition"),
    [RECIPE_CONDITIONS] = LIST(REF("condition"), "1"),
    [RECIPE_TEXT_TEST] = EITHER(REF("template"), REF("test")),
    [RECIPE_VALUE_TEST] = REF("test"),
    [RECIPE_VARIABLE_TEST] = REF("variableTest"),
    [RECIPE_URL_TEST] = REF("urlTest"),
    [RECIPE_DIALOG] = EITHER("{\"const\": true}", REF("template")),
    [RECIPE_PAIR] = "{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, "
                    "\"items\": " REF("template") "}",
    [RECIPE_ROW_CONDITION] = REF("condition"),
    [RECIPE_ROW_STEPS] = REF("steps"),
    [RECIPE_ROW_LOCATORS] = LIST(REF("locator"), "1"),
    [RECIPE_TEMPLATES] = LIST(REF("template"), "0"),
    [RECIPE_VALUES] = MAP(REF("template")),
    [RECIPE_NUMBER] = REF("numberFormat"),
    [RECIPE_FOUND] = REF("found"),
    [RECIPE_OPTIONS] = MAP(REF("option")),
    [RECIPE_BROWSER] = REF("browser"),
    [RECIPE_WINDOW_SIZE] = "{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": "
                           "{\"type\": \"integer\", \"minimum\": 100, \"maximum\": 10000}}",
    [RECIPE_ARGUMENTS] = LIST(STRING, "0"),
    [RECIPE_HOSTS] = LIST(STRING, "0"),
    [RECIPE_PIECES] = MAP(REF("steps")),
    [RECIPE_ERRORS] = LIST(REF("rule"), "0"),
    [RECIPE_ONE] = "{\"const\": 1}",
    [RECIPE_PROVEN] = EITHER(STRING, "{\"type\": \"null\"}"),
    [RECIPE_ID_RULES] = REF("idRules"),
    [RECIPE_TYPED_VALUES] = "{\"type\": \"object\", \"additionalProperties\": " REF("template") "}",
    [RECIPE_BODY] = "{}",
    [RECIPE_STATUS] = EITHER(STATUS, LIST(STATUS, "1")),
    [RECIPE_POINTER] = "{\"type\": \"string\", \"pattern\": \"^(/.*)?$\"}",
    [RECIPE_VARIABLE] = REF("variable"),
    [RECIPE_OR_NULL] = EITHER(REF("variable"), "{\"type\": \"null\"}"),
    [RECIPE_PAGES] = REF("pages"),
    [RECIPE_HEADER_TEST] = REF("headerTest"),
    [RECIPE_JSON_TEST] = REF("jsonTest"),
    [RECIPE_TEXTS] = MAP(FILLED),
    [RECIPE_XML_TEST] = REF("xmlTest"),
    [RECIPE_XPATHS] = REF("xpaths"),
    [RECIPE_BETWEEN] =
        "{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": " STRING "}",
};

/* Entries of $defs besides the objects. */
static const struct {
    const char *name, *schema;
} values[] = {
    {"name", "{\"type\": \"string\", \"pattern\": \"^[A-Za-z_][A-Za-z0-9_]{0,62}$\"}"},
    {"template",
     "{\"type\": \"string\", \"pattern\": "
     "\"^([^{}]|\\\\{\\\\{|\\\\}\\\\}|\\\\{[^{}]+\\\\})*$\", \"description\": \"a text with "
     "{order.worksheet}, {options.x}, {variable}, and filters: {x|urlencode}; a brace itself is "
     "written twice\"}"},
    {"filledTemplate", "{\"$ref\": \"#/$defs/template\", \"minLength\": 1}"},
    {"locator", EITHER(REF("filledTemplate"), REF("locatorObject"))},
    {"variable", "{\"type\": \"string\", \"pattern\": \"^\\\\{[^{}|]+\\\\}$\"}"},
    {"steps", LIST(REF("step"), "0")},
};

/* http: of a recipe for an HTTP API. */
static const struct {
    const char *name;
    enum recipe_object object, http;
} objects[] = {
    {"option", RECIPE_OBJECT_OPTION, RECIPE_OBJECT_OPTION},
    {"browser", RECIPE_OBJECT_BROWSER, RECIPE_OBJECT_COUNT},
    {"locatorObject", RECIPE_OBJECT_LOCATOR, RECIPE_OBJECT_COUNT},
    {"test", RECIPE_OBJECT_TEST, RECIPE_OBJECT_HTTP_TEXT_TEST},
    {"variableTest", RECIPE_OBJECT_VARIABLE_TEST, RECIPE_OBJECT_HTTP_VARIABLE_TEST},
    {"urlTest", RECIPE_OBJECT_URL_TEST, RECIPE_OBJECT_COUNT},
    {"condition", RECIPE_OBJECT_CONDITION, RECIPE_OBJECT_HTTP_CONDITION},
    {"rule", RECIPE_OBJECT_RULE, RECIPE_OBJECT_HTTP_RULE},
    {"numberFormat", RECIPE_OBJECT_NUMBER, RECIPE_OBJECT_NUMBER},
    {"found", RECIPE_OBJECT_FOUND, RECIPE_OBJECT_FOUND},
    {"idRules", RECIPE_OBJECT_COUNT, RECIPE_OBJECT_ID_RULES},
    {"pages", RECIPE_OBJECT_COUNT, RECIPE_OBJECT_PAGES},
    {"headerTest", RECIPE_OBJECT_COUNT, RECIPE_OBJECT_HEADER_TEST},
    {"jsonTest", RECIPE_OBJECT_COUNT, RECIPE_OBJECT_JSON_TEST},
    {"xmlTest", RECIPE_OBJECT_COUNT, RECIPE_OBJECT_XML_TEST},
    {"xpaths", RECIPE_OBJECT_COUNT, RECIPE_OBJECT_XPATHS},
};

/* What a verb's members don't express. What `read` reads depends on `what`: what belongs to the
 * whole page is in no element. */
static const struct {
    const char *verb, *schema;
} extras[] = {
    {"press", "{\"dependentRequired\": {\"navigates\": [\"in\"]}}"},
    {"read",
     "{\"if\": {\"required\": [\"what\"], \"properties\": {\"what\": {\"enum\": [\"url\", "
     "\"title\", \"page\"]}}}, \"then\": {\"properties\": {\"read\": {\"type\": \"null\"}}}, "
     "\"else\": {\"properties\": {\"read\": " REF("locator") "}}}"},
};

static json_t *
parsed(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);

    if (!value)
        die_abort("no JSON: %s", text);
    return value;
}

/* --- members --- */

static json_t *
member_schema(const struct recipe_member *m)
{
    switch (m->kind) {
    case RECIPE_INTEGER:
    case RECIPE_SECONDS:
        return json_pack("{s:s s:i s:i}", "type", m->kind == RECIPE_INTEGER ? "integer" : "number",
                         "minimum", m->minimum, "maximum", m->maximum);
    case RECIPE_CHOICE:
        return json_choices_schema(m->choices);
    case RECIPE_STEPS:
        return m->minimum ? json_pack("{s:s s:i}", "$ref", "#/$defs/steps", "minItems", m->minimum)
                          : parsed(REF("steps"));
    default:
        return parsed(kinds[m->kind]);
    }
}

/* An object's schema while it is built. */
struct parts {
    json_t *properties, *required, *ways, *beside;
};

static void
add_members(struct parts *parts, const struct recipe_shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct recipe_member *m = &shape->members[i];
        json_t *schema = member_schema(m);

        if (m->about)
            json_object_set_new(schema, "description", json_string(m->about));
        json_object_set_new(parts->properties, m->name, schema);
        if (m->required)
            json_array_append_new(parts->required, json_string(m->name));
        if (m->way)
            json_array_append_new(parts->ways, json_pack("{s:[s]}", "required", m->name));
        if (m->beside)
            json_object_set_new(parts->beside, m->name, json_pack("[s]", m->beside));
    }
}

static void
set_filled(json_t *schema, const char *name, json_t *value)
{
    if (json_array_size(value) || json_object_size(value))
        json_object_set(schema, name, value);
    json_decref(value);
}

static json_t *
object_schema(const struct recipe_shape *shape, const struct recipe_shape *more)
{
    struct parts parts = {json_object(), json_array(), json_array(), json_object()};
    json_t *schema = json_pack("{s:s s:b}", "type", "object", "additionalProperties", 0);

    add_members(&parts, shape);
    if (more)
        add_members(&parts, more);
    set_filled(schema, "properties", parts.properties);
    set_filled(schema, "required", parts.required);
    set_filled(schema, "oneOf", parts.ways);
    set_filled(schema, "dependentRequired", parts.beside);
    return schema;
}

/* --- the whole schema --- */

static void
add_extras(json_t *step, const char *verb)
{
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++)
        if (strcmp(extras[i].verb, verb) == 0)
            json_object_update_new(step, parsed(extras[i].schema));
}

static json_t *
step_schema(bool http)
{
    json_t *steps = json_array(), *step;
    const struct recipe_verb_row *row;

    for (size_t i = 0; (row = recipe_verb_row(http, i)); i++) {
        step = object_schema(&row->shape, recipe_shape(RECIPE_OBJECT_STEP));
        if (!http)
            add_extras(step, row->shape.members->name);
        json_array_append_new(steps, step);
    }
    return json_pack("{s:s s:o}", "type", "object", "anyOf", steps);
}

static json_t *
reason_schema(void)
{
    json_t *codes = json_array();
    const struct reason *reason;

    for (size_t i = 0; (reason = reason_at(i)); i++)
        if (reason->in_recipe)
            json_array_append_new(codes, json_string(reason->code));
    return json_pack("{s:o}", "enum", codes);
}

/* RECIPE_OBJECT_COUNT: there is none of that name. */
static void
add_definition(json_t *all, const char *name, enum recipe_object object)
{
    if (object != RECIPE_OBJECT_COUNT)
        json_object_set_new(all, name, object_schema(recipe_shape(object), NULL));
}

static json_t *
definitions(bool http)
{
    json_t *all = json_object();

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        json_object_set_new(all, values[i].name, parsed(values[i].schema));
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        add_definition(all, objects[i].name, http ? objects[i].http : objects[i].object);
    json_object_set_new(all, "reason", reason_schema());
    json_object_set_new(all, "step", step_schema(http));
    return all;
}

/* With an id of its own, so that its references are to its own definitions. */
static json_t *
schema_of(bool http, const char *id)
{
    enum recipe_object file = http ? RECIPE_OBJECT_HTTP_FILE : RECIPE_OBJECT_FILE;
    json_t *schema = json_pack("{s:s}", "$id", id);

    json_object_update_new(schema, object_schema(recipe_shape(file), NULL));
    json_object_set_new(schema, "$defs", definitions(http));
    return schema;
}

json_t *
recipe_json_schema(void)
{
    return json_pack(
        "{s:s s:s s:s s:{s:[s] s:{s:{s:s}}} s:{s:s} s:{s:s} s:{s:o s:o}}", "$schema",
        "https://json-schema.org/draft/2020-12/schema", "title",
        "A recipe: what a browser does on an ERP's pages, or which requests an ERP's HTTP API gets",
        "description",
        "README.md beside this file explains it. pumplinectl recipe check says more than this "
        "schema "
        "can: unknown variables, pieces that call themselves, sections that do not do what they "
        "are "
        "for.",
        "if", "required", "kind", "properties", "kind", "const", "http", "then", "$ref",
        "http-recipe", "else", "$ref", "page-recipe", "$defs", "page",
        schema_of(false, "page-recipe"), "http", schema_of(true, "http-recipe"));
}
