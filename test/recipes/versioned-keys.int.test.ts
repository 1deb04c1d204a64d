import { createEverwarm, defineReadModel } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { openShop } from './open-shop.ts';
import { categoryProducts, currentOffer, productPage, schema } from './shop.ts';

test('versioned keys: a definition that changes has keys of its own, and both are read while both run', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.stop());
  // #region versioned
  const productPageNext = defineReadModel(schema, 'products', {
    name: 'product_page',
    columns: { id: true, name: true, price: true, categoryId: true }, // the definition of the next release
  });
  // #endregion
  const next = createEverwarm({ ...shop.config, readModels: [productPageNext, currentOffer] });
  onTestFinished(() => next.stop());
  // #region migrate
  await next.migrate(); // builds the new documents beside those that serve; from now on both follow every write
  // #endregion
  await next.start();
  expect(await next.reader.get(productPageNext, 42)).toEqual({ id: 42, name: 'product 42', price: 4200, categoryId: 7 });
  expect(await shop.reader.get(productPage, 42)).toMatchObject({ reviewCount: 2 });
  await shop.db.execute('update products set price = 1 where id = 42');
  await next.settled();
  expect(await next.reader.get(productPageNext, 42)).toMatchObject({ price: 1 });
  expect(await shop.reader.get(productPage, 42)).toMatchObject({ price: 1, reviewCount: 2 });
  expect((await shop.reader.list(categoryProducts, 7)).items[0]).toMatchObject({ id: 42, reviewCount: 2 });
});
