async function openRestaurant(options: { readonly ovenWorks: boolean }): Promise<AsyncDisposable> {
  await using opening = new AsyncDisposableStack()
  opening.use(await open('kitchen'))
  if (!options.ovenWorks) throw new Error('the oven is broken') // What is open already is closed again.
  opening.use(await open('oven'))
  opening.use(await open('doors'))
  const closing = opening.move() // All is well: from here on it is the caller who closes.
  return { [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

async function open(name: string): Promise<AsyncDisposable> {
  console.log(`open ${name}`)
  return {
    async [Symbol.asyncDispose]() {
      console.log(`close ${name}`)
    },
  }
}

{
  await using _restaurant = await openRestaurant({ ovenWorks: true })
  console.log('dinner')
}
await openRestaurant({ ovenWorks: false }).catch((error: Error) => console.log(`not opened: ${error.message}`))
