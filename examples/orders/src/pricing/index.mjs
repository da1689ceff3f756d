// Quotes a price: GET /price/{sku}?quantity=12
import { readFileSync } from 'node:fs';

const PRICES = JSON.parse(readFileSync(new URL('./prices.json', import.meta.url), 'utf8'));

// From so many pieces on, so many percent off.
const DISCOUNTS = [[50, 15], [10, 5]];

const answer = (statusCode, body) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export function quote(cents, quantity) {
  const [, percent] = DISCOUNTS.find(([from]) => quantity >= from) ?? [0, 0];
  return { percent_off: percent, total_cents: Math.round((cents * quantity * (100 - percent)) / 100) };
}

export const handler = async (event) => {
  const { sku } = event.pathParameters;
  const quantity = Number(event.queryStringParameters?.quantity ?? 1);
  if (!Object.hasOwn(PRICES, sku)) return answer(404, { error: `no product ${sku}` });
  if (!Number.isInteger(quantity) || quantity < 1) {
    return answer(400, { error: 'a quantity is a whole number from 1' });
  }
  console.log(`quote for ${quantity} x ${sku}`);
  return answer(200, {
    sku,
    quantity,
    price_cents: PRICES[sku],
    ...quote(PRICES[sku], quantity),
    currency: process.env.CURRENCY,
  });
};
