/* Run the recogniser on a bare Cortex-M4 in QEMU and say what each window was and what its last sample cost.
 *
 * Each line: ticks of 40 instructions (at -icount shift=0), stack bytes, class, then features and scores.
 */
#include "selfback_model.h"
#include "windows.h"

extern uint32_t stack_top;
static selfback_model model;

#define SYSTICK ((volatile uint32_t *)0xE000E010)
enum { CONTROL, RELOAD, CURRENT, PAINT = 0x5AFE5AFE, PAINTED = 1024 };

static int call(int what, const void *with)
{
    register int r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(long number, const char *end)
{
    char text[16], *at = text + sizeof text;
    unsigned long rest = number < 0 ? 0UL - (unsigned long)number : (unsigned long)number;
    *--at = 0;
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        *--at = '-';
    call(0x04, at);
    call(0x04, end);
}

void *memset(void *at, int value, unsigned int count)
{
    for (unsigned char *byte = at; count-- > 0;)
        *byte++ = (unsigned char)value;
    return at;
}

/* The stack below what is in use, as words; 64 bytes are left for the calls that paint and look. */
static volatile uint32_t *below_stack(void)
{
    volatile uint32_t *at;
    __asm__ volatile("mov %0, sp" : "=r"(at));
    return at - 16;
}

static void paint(volatile uint32_t *top)
{
    for (int i = 0; i < PAINTED; i++)
        *(top - i) = PAINT;
}

static int depth(const volatile uint32_t *top)
{
    for (int i = PAINTED - 1; i > 0; i--)
        if (*(top - i) != PAINT)
            return 4 * (i + 16);
    return 0;
}

void start(void)
{
    SYSTICK[RELOAD] = 0xFFFFFF;
    SYSTICK[CONTROL] = 5;
    for (int w = 0; w < WINDOWS; w++) {
        int found;
        volatile uint32_t *top = below_stack();
        uint32_t before, after;
        selfback_begin(&model, ranges_g[w]);
        for (int i = 0; i < SELFBACK_WIDTH - 1; i++)
            selfback_push(&model, windows[w][i][0], windows[w][i][1], windows[w][i][2]);
        paint(top);
        before = SYSTICK[CURRENT];
        found = selfback_push(&model, windows[w][249][0], windows[w][249][1], windows[w][249][2]);
        after = SYSTICK[CURRENT];
        print((long)((before - after) & 0xFFFFFF), " ");
        print(depth(top), " ");
        print(found, " ");
        for (int i = 0; i < SELFBACK_FEATURES; i++)
            print(model.features[i], " ");
        for (int i = 0; i < SELFBACK_CLASSES; i++)
            print(model.scores[i], i + 1 < SELFBACK_CLASSES ? " " : "\n");
    }
    call(0x18, (const void *)0x20026);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {&stack_top, (const void *)start};
