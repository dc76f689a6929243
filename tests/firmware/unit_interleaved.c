/* The poll and a loop on two cores: every order of their steps, and what comes of it.
 *
 * A step is what lies between two fences. Each side is a thread of execution of its own, but only
 * one of them runs at a time; at each fence it is decided whether it goes on or the other side
 * does. All decisions are tried one after the other. (A processor that delays its stores is not
 * part of it: that is what the fences are for.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "handover.h"

#ifdef __linux__

#include <ucontext.h>

enum {
    STACK = 256 * 1024,
    SIDES = 2,
    CHOICES_MAX = 200
};

typedef struct {
    ucontext_t context;
    char stack[STACK];
    bool is_done;
} side_t;

static side_t sides[SIDES]; /* the poll, the loop */
static ucontext_t test;
static int running = -1;

static bool choices[CHOICES_MAX]; /* of this order: whether the other side goes on */
static size_t choice_count;       /* that are decided */
static size_t choices_made;
static unsigned long orders;

static void go_on_with(int other) {
    int from = running;
    running = other;
    swapcontext(&sides[from].context, &sides[other].context);
}

/* The next decision: one that was made before, or `false` at first. */
static bool choose(void) {
    if (choices_made == choice_count) {
        assert_true(choice_count < CHOICES_MAX);
        choices[choice_count++] = false;
    }
    return choices[choices_made++];
}

void yielding_fence(void) {
    if (running < 0 || sides[1 - running].is_done) {
        return;
    }
    if (choose()) {
        go_on_with(1 - running);
    }
}

/* Whether there is another order; it becomes the next one. */
static bool next_order(void) {
    while (choice_count > 0 && choices[choice_count - 1]) {
        choice_count--;
    }
    if (choice_count == 0) {
        return false;
    }
    choices[choice_count - 1] = true;
    return true;
}

static void leave(void) {
    int other = 1 - running;
    sides[running].is_done = true;
    running = sides[other].is_done ? -1 : other;
    setcontext(running < 0 ? &test : &sides[running].context);
}

static void poll_side(void) {
    while (scrutiny_poll(&bare_device)) {
        if (!sides[1].is_done) {
            go_on_with(1); /* it has to wait for the loop */
        }
    }
    leave();
}

static void loop_side(void) {
    handover_run_loop();
    leave();
}

static void start_side(int index, void (*function)(void)) {
    side_t *side = &sides[index];
    side->is_done = false;
    getcontext(&side->context);
    side->context.uc_stack.ss_sp = side->stack;
    side->context.uc_stack.ss_size = sizeof(side->stack);
    side->context.uc_link = NULL;
    makecontext(&side->context, function, 0);
}

static void run_one_order(void) {
    choices_made = 0;
    start_side(0, poll_side);
    start_side(1, loop_side);
    running = choose() ? 1 : 0;
    swapcontext(&test, &sides[running].context);
    orders++;
}

static void try_all_orders(request_t what, situation_t situation) {
    choice_count = 0;
    do {
        handover_prepare(what, situation);
        run_one_order();
        handover_check(what, situation);
        if (handover_flaw != NULL) {
            fail_msg("%s when %s: %s", request_names[what], situation_names[situation],
                     handover_flaw);
        }
    } while (next_order());
}

static void test_every_order_of_poll_and_loop_ends_well(void **state) {
    (void)state;
    handover_start();
    for (int what = 0; what < REQUESTS; what++) {
        for (int situation = 0; situation < SITUATIONS; situation++) {
            try_all_orders((request_t)what, (situation_t)situation);
        }
    }
    print_message("%lu orders\n", orders);
    assert_true(orders > 10000);
}

#else

static void test_every_order_of_poll_and_loop_ends_well(void **state) {
    (void)state;
    skip(); /* no contexts to switch between, or no way without warnings */
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_order_of_poll_and_loop_ends_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
