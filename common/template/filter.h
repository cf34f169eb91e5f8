/* The filters of templates: each turns one text into another. */
#ifndef COMMON_TEMPLATE_FILTER_H
#define COMMON_TEMPLATE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_ARGUMENT_MAX 32

struct template_filter {
    const char *name;
    /* NULL: takes no argument. Else whether the argument is valid. */
    bool (*argument)(const char *argument);
    /* A new text; NULL: the value cannot be converted. */
    char *(*apply)(const char *value, const char *argument);
};

struct template_filter_use {
    const struct template_filter *filter;
    char argument[TEMPLATE_ARGUMENT_MAX + 1];
};

/* "number:,." → the filter with its argument; false: unknown filter. */
bool template_filter_parse(const char *text, size_t length, struct template_filter_use *use);

#endif
