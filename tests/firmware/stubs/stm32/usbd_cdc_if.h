#ifndef USBD_CDC_IF_H
#define USBD_CDC_IF_H

#include <stdint.h>

#define USBD_OK 0u
#define USBD_BUSY 1u

typedef struct {
    void *pClassData;
} USBD_HandleTypeDef;

typedef struct {
    volatile uint32_t TxState;
} USBD_CDC_HandleTypeDef;

uint8_t CDC_Transmit_FS(uint8_t *Buf, uint16_t Len);
uint8_t USBD_CDC_SetRxBuffer(USBD_HandleTypeDef *pdev, uint8_t *pbuff);
uint8_t USBD_CDC_ReceivePacket(USBD_HandleTypeDef *pdev);

#endif
