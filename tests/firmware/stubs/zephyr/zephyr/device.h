#ifndef ZEPHYR_DEVICE_H
#define ZEPHYR_DEVICE_H

#include <stdbool.h>

struct device {
    const char *name;
};

bool device_is_ready(const struct device *dev);

#endif
