/** @file
 * Options of the application, with their defaults. A board changes them in a header of its own,
 * named with -DAPP_USER_CONFIG='"header.h"'.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#ifdef APP_USER_CONFIG
#include APP_USER_CONFIG
#endif

/** Iterations of the control loop per second, 200 to 10000 and a divisor of 1,000,000. */
#ifndef APP_LOOP_HZ
#define APP_LOOP_HZ 10000u
#endif

/** Entries of the history of the speed, one each 10 ms. RAM: 4 octets each. */
#ifndef APP_HISTORY_SIZE
#define APP_HISTORY_SIZE 64u
#endif

#endif
