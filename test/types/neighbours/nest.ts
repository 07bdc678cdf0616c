import { Controller, Get, Session, type MiddlewareConsumer, type NestModule } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import session from 'express-session'

@Controller()
class ViewsController {
  @Get()
  views(@Session() own: session.Session & { views?: number }): number {
    return (own.views = (own.views ?? 0) + 1)
  }
}

class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(session({ secret: 'keyboard cat' })).forRoutes(ViewsController)
  }
}

export async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule)
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))
  await app.listen(0)
}
