import type { Reply } from '../http/reply.js'

/** Replies with a QR code as PNG. */
export async function qrPicture(text: string): Promise<Reply> {
  // Loaded on first use, because most tests never draw a code.
  const { default: qrcode } = await import('qrcode')
  const body = await qrcode.toBuffer(text, { type: 'png', margin: 2, width: 280 })
  return { status: 200, headers: { 'Content-Type': 'image/png', 'Cache-Control': 'no-store' }, body }
}
