/* STM32F405 (or F407) with its serial port on PA9 and PA10 (USART1), on its internal oscillator, so
 * that it does not matter which crystal a board has. The same program runs in QEMU, as Netduino
 * Plus 2. */
#include "board.h"

#include "app_config.h"
#include "core.h"
#include "startup.h"
#include "systick.h"
#include "tx_ring.h"

#define BAUD 115200u

#define CLOCK_HZ 16000000u
/* QEMU's processor, and what feeds its timer 2. */
#define EMULATED_CLOCK_HZ 168000000u
#define EMULATED_TIMER_HZ 1000000000u

typedef volatile uint32_t register_t;

#define RCC_CR (*(register_t *)0x40023800u)
#define RCC_AHB1ENR (*(register_t *)0x40023830u)
#define RCC_APB1ENR (*(register_t *)0x40023840u)
#define RCC_APB2ENR (*(register_t *)0x40023844u)
#define RCC_AHB1ENR_GPIOA (1u << 0)
#define RCC_APB1ENR_TIM2 (1u << 0)
#define RCC_APB2ENR_USART1 (1u << 4)

#define GPIOA_MODER (*(register_t *)0x40020000u)
#define GPIOA_PUPDR (*(register_t *)0x4002000Cu)
#define GPIOA_AFRH (*(register_t *)0x40020024u)

#define TIM2_CR1 (*(register_t *)0x40000000u)
#define TIM2_EGR (*(register_t *)0x40000014u)
#define TIM2_CNT (*(register_t *)0x40000024u)
#define TIM2_PSC (*(register_t *)0x40000028u)
#define TIM2_ARR (*(register_t *)0x4000002Cu)
#define TIM_CR1_CEN (1u << 0)
#define TIM_EGR_UG (1u << 0)

#define USART1_SR (*(register_t *)0x40011000u)
#define USART1_DR (*(register_t *)0x40011004u)
#define USART1_BRR (*(register_t *)0x40011008u)
#define USART1_CR1 (*(register_t *)0x4001100Cu)
#define USART_SR_ORE (1u << 3) /* cleared by reading SR, then DR */
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TXE (1u << 7)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TXEIE (1u << 7)
#define USART_CR1_UE (1u << 13)

enum {
    USART1_IRQ = 37
};

void SysTick_Handler(void);

/* QEMU has no clock control, and reads 0; here the internal oscillator is on. */
static bool is_emulated(void) {
    return RCC_CR == 0u;
}

static void receive(void) {
    uint32_t status;

    while (((status = USART1_SR) & (USART_SR_RXNE | USART_SR_ORE)) != 0u) {
        const scrutiny_octet_t octet = (scrutiny_octet_t)USART1_DR;

        if ((status & USART_SR_ORE) != 0u) {
            board_overruns++;
        }
        if ((status & USART_SR_RXNE) != 0u) {
            board_received(&octet, 1u);
        }
    }
}

/* Send what there is room for, and ask to be called for the rest. With interrupts off, or in one.
 */
static void transmit(void) {
    scrutiny_octet_t octet;

    while ((USART1_SR & USART_SR_TXE) != 0u) {
        if (!tx_ring_take(&octet)) {
            USART1_CR1 &= ~USART_CR1_TXEIE;
            return;
        }
        USART1_DR = octet;
    }
    USART1_CR1 |= USART_CR1_TXEIE;
}

static void usart1_interrupt(void) {
    receive();
    transmit();
    board_transmitted();
}

static const vector_t interrupts[] INTERRUPT_VECTORS = {[USART1_IRQ] = usart1_interrupt};

void SysTick_Handler(void) {
    board_timer_fired();
}

/* PA9 sends, PA10 receives: alternate function 7. The pull-up keeps a line quiet that is not
 * connected. */
static void set_up_pins(void) {
    GPIOA_AFRH = (GPIOA_AFRH & ~0xFF0u) | 0x770u;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(3u << 20)) | 1u << 20;
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | 0xAu << 18;
}

void board_init(void) {
    const bool emulated = is_emulated();
    const uint32_t clock_hz = emulated ? EMULATED_CLOCK_HZ : CLOCK_HZ;
    const uint32_t timer_hz = emulated ? EMULATED_TIMER_HZ : CLOCK_HZ;

    RCC_AHB1ENR |= RCC_AHB1ENR_GPIOA;
    RCC_APB1ENR |= RCC_APB1ENR_TIM2;
    RCC_APB2ENR |= RCC_APB2ENR_USART1;
    (void)RCC_APB2ENR; /* they need two cycles until they can be used */
    set_up_pins();

    TIM2_PSC = timer_hz / 1000000u - 1u;
    TIM2_ARR = UINT32_MAX;
    TIM2_EGR = TIM_EGR_UG; /* take over the divider at once */
    TIM2_CR1 = TIM_CR1_CEN;

    USART1_BRR = (CLOCK_HZ + BAUD / 2u) / BAUD;
    USART1_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    interrupt_enable(USART1_IRQ, PRIORITY_HIGH);

    SYSTICK_PRIORITY = PRIORITY_LOW;
    systick_start(clock_hz / APP_LOOP_HZ - 1u, SYSTICK_INTERRUPT);
}

/* Begins here, not in the interrupt: QEMU 7.2 has none for an empty transmitter. */
size_t board_write(const scrutiny_octet_t *data, size_t size) {
    const size_t taken = tx_ring_put(data, size);

    interrupts_off();
    transmit();
    interrupts_on();
    return taken;
}

uint32_t board_us(void) {
    return TIM2_CNT;
}

void board_interrupts_off(void) {
    interrupts_off();
}

void board_interrupts_on(void) {
    interrupts_on();
}

void board_sleep(void) {
    sleep_with_interrupts_off();
}
