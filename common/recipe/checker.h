/* Walks through a recipe: what the functions that check its values share. value.c checks single
 * values, parts.c composite ones, whole.c rules about the whole recipe, found.c how the order's
 * uniqueid is compared; check.c combines them.
 *
 * common/json/members.h cannot replace this: a value here is checked depending on its position (its
 * section, a row, the page's part of a condition) and on what the whole recipe sets, and some
 * members exclude each other. The common part is the loop over a table; sharing it takes more code
 * than it saves. */
#ifndef COMMON_RECIPE_CHECKER_H
#define COMMON_RECIPE_CHECKER_H

#include "common/json/members.h"
#include "common/recipe/recipe.h"
#include "common/shape/shape.h"

#define RECIPE_POINTER_BYTES 512

struct recipe_checker;

/* One function per kind of value: adds a fault if the value is invalid. */
typedef void recipe_kind_check(struct recipe_checker *c, const struct recipe_member *m,
                               const json_t *value);

struct recipe_checker {
    recipe_kind_check *const *checks; /* by enum recipe_kind */
    const json_t *recipe;
    json_t *names; /* variables set by some step: an object, its values have no meaning */
    const char *file;
    struct json_faults *faults;
    bool http;                          /* the recipe is for an HTTP API */
    char pointer[RECIPE_POINTER_BYTES]; /* where we are */
    unsigned section;
    bool in_row;    /* "row" is defined */
    bool page_only; /* in a condition that only the page evaluates */
};

/* Adds a fault at the current position. */
void recipe_fault(struct recipe_checker *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool recipe_name_valid(const char *name);

recipe_kind_check recipe_kind_text, recipe_kind_filled, recipe_kind_template, recipe_kind_name,
    recipe_kind_choice, recipe_kind_reason, recipe_kind_piece, recipe_kind_keys, recipe_kind_what,
    recipe_kind_bool, recipe_kind_number, recipe_kind_one, recipe_kind_window_size; /* value.c */

recipe_kind_check recipe_kind_locator, recipe_kind_page, recipe_kind_locator_or_template,
    recipe_kind_frame, recipe_kind_templates, recipe_kind_arguments, recipe_kind_hosts,
    recipe_kind_conditions, recipe_kind_pair, recipe_kind_values, recipe_kind_pieces,
    recipe_kind_options, recipe_kind_browser, recipe_kind_number_format, recipe_kind_found,
    recipe_kind_errors, recipe_kind_test, recipe_kind_dialog, recipe_kind_condition,
    recipe_kind_row_condition, recipe_kind_row_steps, recipe_kind_row_locators,
    recipe_kind_steps; /* parts.c */

recipe_kind_check recipe_kind_proven, recipe_kind_id_rules, recipe_kind_typed_values,
    recipe_kind_body, recipe_kind_status, recipe_kind_pointer, recipe_kind_variable,
    recipe_kind_variable_or_null, recipe_kind_pages, recipe_kind_between, recipe_kind_texts,
    recipe_kind_xpaths; /* http.c */

/* Goes into a member; the result brings recipe_leave back. */
size_t recipe_enter(struct recipe_checker *c, const char *name);
size_t recipe_enter_item(struct recipe_checker *c, size_t i);
void recipe_leave(struct recipe_checker *c, size_t here);

/* By a kind without limits; an object by one or two tables of members. */
void recipe_check_kind(struct recipe_checker *c, enum recipe_kind kind, const json_t *value);
void recipe_check_object(struct recipe_checker *c, const json_t *object,
                         const struct recipe_shape *shape, const struct recipe_shape *more);
void recipe_check_shaped(struct recipe_checker *c, const json_t *value, enum recipe_object object);

/* Each element of an array by a kind. */
void recipe_check_list(struct recipe_checker *c, const json_t *value, enum recipe_kind kind,
                       size_t minimum);

/* http.c: a request, as far as its members depend on each other. */
void recipe_check_request(struct recipe_checker *c, const json_t *step);

/* whole.c: the variables that steps set; the caller owns the object. */
json_t *recipe_whole_names(const json_t *recipe);

/* Sections that do not fulfil their purpose, and circles. */
void recipe_whole_check(struct recipe_checker *c);

/* found.c: a line reported as found without a comparison of the uniqueid. */
void recipe_id_check(struct recipe_checker *c);
/* cycles.c: pieces that call each other in a circle. At most RECIPE_PIECES_MAX. */
void recipe_check_circles(struct recipe_checker *c);

#endif
