#include "common/json/schema.h"

#include "common/base/err.h"

#define NUMBER_MAX (1LL << 53)

static bool
is_truth(const struct schema_member *member, const json_t *value)
{
    (void)member;
    return json_is_boolean(value);
}

static bool
is_number(const struct schema_member *member, const json_t *value)
{
    (void)member;
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) <= NUMBER_MAX;
}

static bool
is_text(const struct schema_member *member, const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= member->max;
}

static bool
are_texts(const struct schema_member *member, const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) > member->max)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)) ||
            json_string_length(json_array_get(value, i)) > SCHEMA_TEXTS_BYTES)
            return false;
    return true;
}

static bool
is_object(const struct schema_member *member, const json_t *value)
{
    (void)member;
    return json_is_object(value);
}

static bool
is_sound(const struct schema_member *member, const json_t *value)
{
    static bool (*const kinds[])(const struct schema_member *member,
                                 const json_t *value) = {[SCHEMA_TRUTH] = is_truth,
                                                         [SCHEMA_NUMBER] = is_number,
                                                         [SCHEMA_TEXT] = is_text,
                                                         [SCHEMA_TEXTS] = are_texts,
                                                         [SCHEMA_OBJECT] = is_object};

    return json_is_null(value) ? member->or_null : kinds[member->kind](member, value);
}

json_t *
schema_copy(const struct schema_member *members, const json_t *from, const char **unsound)
{
    json_t *copy = json_object();

    if (!copy)
        die_abort("out of memory for an object");
    for (const struct schema_member *member = members; member->name; member++) {
        json_t *value = json_object_get(from, member->name);

        if (!value)
            continue;
        if (!is_sound(member, value)) {
            if (unsound)
                *unsound = member->name;
        } else if (json_is_object(value)) {
            json_object_set_new(copy, member->name, schema_copy(member->members, value, unsound));
        } else {
            json_object_set(copy, member->name, value);
        }
    }
    return copy;
}
