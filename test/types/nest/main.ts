// main.ts as NestJS's documentation has it.
import { NestFactory } from '@nestjs/core'
import * as session from 'express-session'

class AppModule {}

export async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule)
  app.use(
    session({
      secret: 'my-secret',
      resave: false,
      saveUninitialized: false,
      store: new session.MemoryStore()
    })
  )
  await app.listen(0)
}
