import type { AppCredentials } from './app-credentials.js'
import { qrCodeRequest } from './qr-code.js'
import { apiPaths, qrCodeImagePath } from '../http/endpoints.js'
import { parseQRCodeTicket } from '../http/reply-fields.js'
import type { Binary, Transport } from '../http/transport.js'
import type { QRCodeData, QRCodeTicket } from '../types.js'

/** QR codes with a scene. */
export class QRCodeCalls {
  readonly #transport: Transport
  readonly #credentials: AppCredentials

  constructor(transport: Transport, credentials: AppCredentials) {
    this.#transport = transport
    this.#credentials = credentials
  }

  async createTicket(data: QRCodeData): Promise<QRCodeTicket> {
    const { body, isPermanent } = qrCodeRequest(data)
    return this.#credentials.use(async (accessToken) => {
      const reply = await this.#transport.call({
        endpoint: apiPaths.qrCode,
        query: { access_token: accessToken },
        body,
        // The number of permanent codes is limited.
        repeatable: !isPermanent,
        fallback: false,
      })
      return parseQRCodeTicket(apiPaths.qrCode, reply)
    })
  }

  async image(ticket: string): Promise<Binary> {
    return this.#transport.image({
      endpoint: qrCodeImagePath,
      query: { ticket },
      repeatable: true,
      fallback: false,
    })
  }
}
