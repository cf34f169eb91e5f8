/* The tables of what a recipe may contain, used by check.c. A new verb is one row in shape.c and
 * one function of the engine. */
#ifndef COMMON_RECIPE_SHAPE_H
#define COMMON_RECIPE_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum recipe_kind {
    RECIPE_TEXT,     /* plain text, no template */
    RECIPE_TEMPLATE, /* a text with {names} */
    RECIPE_TYPED,    /* the same; may contain the password */
    RECIPE_URL,      /* the same; foreign values are percent-encoded */
    RECIPE_CSS,      /* the same; foreign values are escaped */
    RECIPE_XPATH,
    RECIPE_CODE,  /* JavaScript, no template */
    RECIPE_REGEX, /* of JavaScript, no template */
    RECIPE_NAME,  /* the name of a variable */
    RECIPE_BOOL,
    RECIPE_INTEGER,
    RECIPE_SECONDS,
    RECIPE_CHOICE,
    RECIPE_REASON,
    RECIPE_PIECE,
    RECIPE_KEYS,
    RECIPE_WHAT,
    RECIPE_LOCATOR,
    RECIPE_PAGE,         /* a locator, or null for the page itself */
    RECIPE_LOCATOR_OR_T, /* text: an object is a locator, a string a template */
    RECIPE_FRAME,
    RECIPE_CONDITION,
    RECIPE_CONDITIONS,
    RECIPE_TEXT_TEST, /* a template, or {"of", "is"…} */
    RECIPE_VALUE_TEST,
    RECIPE_VARIABLE_TEST, /* {"text", "is"…} */
    RECIPE_URL_TEST,      /* {"is"…} */
    RECIPE_DIALOG,        /* true or a template */
    RECIPE_PAIR,
    RECIPE_STEPS,
    RECIPE_ROW_CONDITION, /* of each: only the page's part, relative to a row */
    RECIPE_ROW_STEPS,
    RECIPE_ROW_LOCATORS, /* relative to a row, one or more */
    RECIPE_TEMPLATES,
    RECIPE_VALUES, /* an object of templates by variable */
    RECIPE_NUMBER, /* a number's format */
    RECIPE_FOUND,
    RECIPE_OPTIONS,
    RECIPE_BROWSER,
    RECIPE_WINDOW_SIZE,
    RECIPE_ARGUMENTS, /* of the browser */
    RECIPE_HOSTS,
    RECIPE_PIECES,
    RECIPE_ERRORS,
    RECIPE_ONE,          /* the format's version */
    RECIPE_PROVEN,       /* a text, or null: not tried yet */
    RECIPE_ID_RULES,     /* which uniqueids the ERP can hold */
    RECIPE_TYPED_VALUES, /* an object of typed templates by any name: headers, a form */
    RECIPE_BODY,         /* JSON with templates in it */
    RECIPE_STATUS,       /* 404, "4xx", or a list of them */
    RECIPE_POINTER,      /* into a JSON document */
    RECIPE_VARIABLE,     /* {name}, and nothing around it */
    RECIPE_OR_NULL,      /* the same, or null for the reply itself */
    RECIPE_PAGES,
    RECIPE_HEADER_TEST,
    RECIPE_JSON_TEST,
    RECIPE_BETWEEN, /* [text, text] */
    RECIPE_TEXTS,   /* an object of texts by any name */
    RECIPE_XML_TEST,
    RECIPE_XPATHS
};

enum recipe_section {
    RECIPE_IN_LOGIN = 1,
    RECIPE_IN_LOOKUP = 2,
    RECIPE_IN_CREATE = 4,
    RECIPE_IN_COMMIT = 8,
    RECIPE_IN_VERIFY = 16,
    RECIPE_IN_LOGOUT = 32,
    RECIPE_IN_PIECE = 64,
    RECIPE_IN_ERRORS = 128,
    RECIPE_IN_UNDO = 256,
    RECIPE_IN_CHECK = 512
};

struct recipe_member {
    const char *name;
    enum recipe_kind kind;
    bool required;
    bool way;             /* exactly one of the members with `way` is required */
    int minimum, maximum; /* of a number; of steps: the minimum, which whole.c may raise */
    const char *const *choices;
    const char *beside; /* the member without which it has no meaning; NULL: it stands alone */
    const char *about;  /* for people; NULL: its name is enough */
    unsigned section;   /* its contents belong to that section; 0: to the surrounding one */
};

struct recipe_shape {
    const struct recipe_member *members;
    size_t count;
};

/* A verb's first member has its name. */
struct recipe_verb_row {
    struct recipe_shape shape;
    bool acts;
    unsigned sections; /* 0: all */
};

/* The kinds of objects in a recipe, besides the verbs. */
enum recipe_object {
    RECIPE_OBJECT_FILE,
    RECIPE_OBJECT_OPTION,
    RECIPE_OBJECT_BROWSER,
    RECIPE_OBJECT_LOCATOR,
    RECIPE_OBJECT_TEST,
    RECIPE_OBJECT_VARIABLE_TEST,
    RECIPE_OBJECT_URL_TEST,
    RECIPE_OBJECT_CONDITION,
    RECIPE_OBJECT_RULE,
    RECIPE_OBJECT_NUMBER,
    RECIPE_OBJECT_FOUND,
    RECIPE_OBJECT_STEP, /* what every step may have */
    RECIPE_OBJECT_HTTP_FILE,
    RECIPE_OBJECT_HTTP_CONDITION,
    RECIPE_OBJECT_HTTP_RULE,
    RECIPE_OBJECT_HTTP_TEXT_TEST,
    RECIPE_OBJECT_HTTP_VARIABLE_TEST,
    RECIPE_OBJECT_HEADER_TEST,
    RECIPE_OBJECT_JSON_TEST,
    RECIPE_OBJECT_XML_TEST,
    RECIPE_OBJECT_XPATHS,
    RECIPE_OBJECT_PAGES,
    RECIPE_OBJECT_ID_RULES,
    RECIPE_OBJECT_COUNT
};

const struct recipe_shape *recipe_shape(enum recipe_object object);

/* NULL behind the last. http: of a recipe for an HTTP API, not for pages. */
const struct recipe_verb_row *recipe_verb_row(bool http, size_t i);

/* The row of a step, which may be anything; NULL: it has no verb. */
const struct recipe_verb_row *recipe_verb_find(bool http, const json_t *step);

/* http.c: its part of the tables. NULL behind the last. */
const struct recipe_shape *recipe_http_shape(enum recipe_object object);
const struct recipe_verb_row *recipe_http_verb(size_t i);

#endif
