/** @file
 * User commands of the application: the subfunctions it knows.
 *
 * The protocol knows one way to refuse a user command, an answer that does not fit (Overflow). That
 * is what an unknown subfunction, or a payload that makes no sense, gets.
 */
#ifndef APP_USER_COMMAND_H
#define APP_USER_COMMAND_H

/** Answer with the payload of the request. */
#define APP_COMMAND_ECHO 0u
/** Forget the statistics. No payload, empty answer. */
#define APP_COMMAND_RESET_STATISTICS 1u
/** Raise a fault. Payload: its code, one octet, 1 to 15; empty answer. */
#define APP_COMMAND_INJECT_FAULT 2u

#endif
