// node --test tests/pricing.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { handler } from '../src/pricing/index.mjs';

process.env.CURRENCY = 'EUR';

const call = async (sku, quantity) => {
  const answer = await handler({ pathParameters: { sku }, queryStringParameters: quantity && { quantity } });
  return [answer.statusCode, JSON.parse(answer.body)];
};

test('unknown products and odd quantities are refused', async () => {
  assert.equal((await call('coffee'))[0], 404);
  assert.equal((await call('constructor'))[0], 404);
  assert.equal((await call('tea', '0'))[0], 400);
  assert.equal((await call('tea', '1.5'))[0], 400);
  assert.equal((await call('tea', 'many'))[0], 400);
});

test('one piece costs its price', async () => {
  assert.deepEqual(await call('tea'), [200, {
    sku: 'tea', quantity: 1, price_cents: 690, percent_off: 0, total_cents: 690, currency: 'EUR',
  }]);
});

test('quantities earn a discount', async () => {
  assert.equal((await call('tea', '9'))[1].total_cents, 6210);
  assert.equal((await call('tea', '10'))[1].total_cents, 6555);
  assert.equal((await call('cup', '50'))[1].total_cents, 54825);
});
