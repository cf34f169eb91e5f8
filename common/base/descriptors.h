/* The standard descriptors of a program whose starter closed them. */
#ifndef COMMON_BASE_DESCRIPTORS_H
#define COMMON_BASE_DESCRIPTORS_H

/* Opens /dev/null for those of 0, 1, 2 that are closed, so that no socket gets their number. */
void descriptors_standard(void);

#endif
