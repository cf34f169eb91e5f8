/* Workshops that write into the same place. An order's identity is its workshop's name and its
 * uniqueid, but what is written there has the uniqueid alone. So no two may have one folder of
 * files; and in one ERP, which is a sound set-up, a line that is found is not taken for one's own
 * without a sign. */
#ifndef COMMON_CONFIG_NEIGHBOUR_H
#define COMMON_CONFIG_NEIGHBOUR_H

#include "common/config/config.h"

/* Adds a fault to each workshop whose folder an earlier one has, which may go on: orders of its own
 * are on their way there. One that is faulty does not run, and is not a neighbour. */
void config_neighbour_check_folders(const struct daemon_config *config);

/* The same for one workshop that is to become a part of this configuration. */
void config_neighbour_check_folder(const struct daemon_config *config,
                                   const struct workshop_config *workshop,
                                   struct config_faults *faults);

/* The name of another workshop that writes into the same ERP; NULL: there is none. */
const char *config_neighbour(const struct daemon_config *config,
                             const struct workshop_config *workshop);

#endif
